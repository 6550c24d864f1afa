// A wallet made with @sphereon/oid4vci-client, which speaks draft 15 of OpenID4VCI: `node sphereon.js LINK [TX_CODE]` prints what it received.
import { OpenID4VCIClientV1_0_15 } from '@sphereon/oid4vci-client';

const [uri, pin] = process.argv.slice(2);
const client = await OpenID4VCIClientV1_0_15.fromURI({ uri, clientId: 'sample-wallet', alg: 'ES256', kid: 'did:example:wallet#1' });
await client.acquireAccessToken({ pin, asOpts: { allowInsecureEndpoints: true } });
// It always asks for a nonce and sends a proof of a key; the service needs none and does not look at it.
const proofCallbacks = { signCallback: async () => 'eyJ0eXAiOiJvcGVuaWQ0dmNpLXByb29mK2p3dCJ9.e30.AA' };
const [credentialConfigurationId] = client.getCredentialOfferConfigurationIds();
const { credentials } = await client.acquireCredentials({ credentialConfigurationId, proofCallbacks, format: 'ldp_vc' });
console.log(JSON.stringify({ version: client.version(), credential: credentials[0].credential }));
