// A wallet made with @openid4vc/openid4vci, which speaks OpenID4VCI 1.0: `node openid4vc.js LINK [TX_CODE]` prints what it received.
import { createHash, randomBytes } from 'node:crypto';
import { clientAuthenticationAnonymous, setGlobalConfig } from '@openid4vc/oauth2';
import { Openid4vciClient } from '@openid4vc/openid4vci';

// The service under test has no certificate.
setGlobalConfig({ allowInsecureUrls: true });
const [link, txCode] = process.argv.slice(2);
let heard;
// Keeps what came over the wire, before the library reads it.
const listening = async (...request) => {
  const answer = await fetch(...request);
  heard = await answer.clone().text();
  return answer;
};
const unasked = async () => { throw new Error('nothing is signed or verified here'); };
const client = new Openid4vciClient({
  callbacks: {
    clientAuthentication: clientAuthenticationAnonymous(),
    fetch: listening,
    generateRandom: count => randomBytes(count),
    hash: (data, algorithm) => createHash(algorithm.replace('-', '')).update(data).digest(),
    signJwt: unasked,
    verifyJwt: unasked,
  },
});

const credentialOffer = await client.resolveCredentialOffer(link);
const issuerMetadata = await client.resolveIssuerMetadata(credentialOffer.credential_issuer);
const { accessTokenResponse } = await client.retrievePreAuthorizedCodeAccessTokenFromOffer({ credentialOffer, issuerMetadata, txCode });
const { credentialResponse } = await client.retrieveCredentials({
  accessToken: accessTokenResponse.access_token,
  credentialConfigurationId: credentialOffer.credential_configuration_ids[0],
  issuerMetadata,
});
console.log(JSON.stringify({
  version: issuerMetadata.originalDraftVersion,
  credential: credentialResponse.credentials[0].credential,
  heard,
}));
