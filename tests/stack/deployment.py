"""Builds the functions for this machine, deploys the template with them, and gives the API its routes."""

import os
import shutil
import subprocess
import sys
import http.client
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "infra"))

import transform
import yaml
from botocore.exceptions import ClientError
from samtranslator.yaml_helper import yaml_parse

BUILT = ROOT / "target" / "stack"
STACK = "certificates-test"


@dataclass
class Stack:
    """What was deployed: outputs and resources by logical id, and the way in."""

    emulator: object
    outputs: dict[str, str]
    resources: dict[str, str]
    api: str
    key_spec: str
    name: str = STACK

    def request(self, method: str, path: str, token: str | None = None, body: bytes | None = None, kind: str = "application/json"):
        """Status, headers (lower case) and body of one request to the HTTP API."""
        headers = {}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        if body is not None:
            headers["Content-Type"] = kind
        connection = http.client.HTTPConnection("127.0.0.1", self.emulator.port, timeout=60)
        # By path, not by host name: the emulator keeps some paths of every host, /health among them, to itself.
        connection.request(method, f"/_aws/execute-api/{self.api}/$default{path}", body=body, headers=headers)
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()


def build() -> Path:
    """The template as `sam build` would leave it, but with binaries for this machine, built quickly. `sam build` itself is `make build`.

    The debug profile and the command of `make test`, because its objects are those of the other tests; stripped, because that is what goes over the wire.
    """
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    subprocess.run(["cargo", "build", "--quiet", "--workspace", "--bins", "--tests"], cwd=ROOT, check=True)
    shutil.rmtree(BUILT, ignore_errors=True)
    template = yaml_parse((ROOT / "template.yaml").read_text())
    template["Globals"]["Function"].pop("CodeUri")
    for resource in template["Resources"].values():
        properties = resource["Properties"]
        if resource["Type"] == "AWS::Serverless::Function":
            binary = resource.pop("Metadata")["BuildProperties"]["Binary"]
            folder = BUILT / binary
            folder.mkdir(parents=True)
            subprocess.run(["strip", "-o", folder / "bootstrap", target / "debug" / binary], check=True)
            properties["CodeUri"] = str(folder)
        elif resource["Type"] == "AWS::Serverless::LayerVersion":
            layer = ROOT / properties["ContentUri"]
            layer.mkdir(parents=True, exist_ok=True)
            properties["ContentUri"] = str(layer)
        elif resource["Type"] == "AWS::CloudFormation::Stack":
            properties["TemplateURL"] = str(ROOT / properties["TemplateURL"])
    (BUILT / "template.yaml").write_text(yaml.safe_dump(plain(template), sort_keys=False))
    return BUILT


def plain(value):
    """The parsed template without the parser's own classes."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    return [plain(item) for item in value] if isinstance(value, list) else value


def deploy(emulator, folder: Path, callers, key_spec: str, existing_key: bool) -> Stack:
    """Deploys with `sam deploy` and closes the gaps that the emulator leaves."""
    settings = {
        "Architecture": "x86_64",
        "OidcIssuer": callers.issuer,
        "OidcAudience": callers.audience,
        "OidcKeySetUrl": callers.key_set_url,
        "OidcPreset": "cognito",
        "SigningKeySpec": key_spec,
        "DeletionProtection": "false",
        "LogLevel": "debug",
    }
    if existing_key:
        made = emulator.client("kms").create_key(KeySpec=key_spec, KeyUsage="SIGN_VERIFY")
        settings["ExistingSigningKeyArn"] = made["KeyMetadata"]["Arn"]
    emulator.client("s3").create_bucket(Bucket="uploads", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
    sam = Path(sys.executable).parent / "sam"
    deployed = subprocess.run(
        [sam, "deploy", "--template-file", folder / "template.yaml", "--stack-name", STACK, "--s3-bucket", "uploads"]
        + ["--capabilities", "CAPABILITY_IAM", "--no-progressbar", "--parameter-overrides"]
        + [f"{name}={value}" for name, value in settings.items()],
        env=emulator.environment | {"SAM_CLI_TELEMETRY": "0"},
        cwd=emulator.home,
        capture_output=True,
        text=True,
    )
    if deployed.returncode:
        sys.exit(f"sam deploy failed:\n{deployed.stdout[-6000:]}\n{deployed.stderr[-3000:]}")
    cloudformation = emulator.client("cloudformation")
    described = cloudformation.describe_stacks(StackName=STACK)["Stacks"][0]
    found = cloudformation.describe_stack_resources(StackName=STACK)["StackResources"]
    stack = Stack(
        emulator,
        {output["OutputKey"]: output["OutputValue"] for output in described["Outputs"]},
        {resource["LogicalResourceId"]: resource["PhysicalResourceId"] for resource in found},
        api="",
        key_spec=key_spec,
    )
    stack.api = stack.resources["Api"]
    add_routes(stack, callers)
    lay_out_layers(stack)
    without_tls(stack)
    return stack


def add_routes(stack: Stack, callers) -> None:
    """The emulator ignores the API's OpenAPI body: its routes and authorizer are made from that body, one call each."""
    gateway = stack.emulator.client("apigatewayv2")
    authorizer = gateway.create_authorizer(
        ApiId=stack.api,
        Name="Tokens",
        AuthorizerType="JWT",
        IdentitySource=["$request.header.Authorization"],
        JwtConfiguration={"Issuer": callers.issuer, "Audience": [callers.audience]},
    )["AuthorizerId"]
    functions = stack.emulator.client("lambda")
    integrations = {}
    for method, path, function, guarded in routes():
        if function not in integrations:
            arn = functions.get_function(FunctionName=stack.resources[function])["Configuration"]["FunctionArn"]
            made = gateway.create_integration(ApiId=stack.api, IntegrationType="AWS_PROXY", IntegrationUri=arn, PayloadFormatVersion="2.0")
            integrations[function] = made["IntegrationId"]
        guard = {"AuthorizationType": "JWT", "AuthorizerId": authorizer} if guarded else {"AuthorizationType": "NONE"}
        gateway.create_route(ApiId=stack.api, RouteKey=f"{method} {path}", Target=f"integrations/{integrations[function]}", **guard)


def routes() -> list[tuple[str, str, str, bool]]:
    """Method, path, logical id of the function, and whether a token is needed: what SAM makes of the template."""
    body = transform.transformed(ROOT / "template.yaml")["Resources"]["Api"]["Properties"]["Body"]
    found = []
    for path, methods in body["paths"].items():
        for method, operation in methods.items():
            uri = operation["x-amazon-apigateway-integration"]["uri"]["Fn::Sub"]
            function = uri.split("functions/${")[1].split(".Arn")[0]
            found.append((method.upper(), path, function, {"Tokens": []} in operation["security"]))
    return found


def lay_out_layers(stack: Stack) -> None:
    """On AWS a layer appears in /opt; the emulator runs functions on this machine, whose /opt is not ours."""
    functions = stack.emulator.client("lambda")
    laid_out = {"FONTS_DIR": ROOT / "fonts" / "ttf", "PAGE_DIR": ROOT / "target" / "page"}
    for name in (physical for logical, physical in stack.resources.items() if logical.endswith("Function")):
        variables = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
        moved = {variable: str(folder) for variable, folder in laid_out.items() if variable in variables}
        if moved:
            functions.update_function_configuration(FunctionName=name, Environment={"Variables": variables | moved})


def without_tls(stack: Stack) -> None:
    """The buckets' policies refuse requests without TLS, and the emulator speaks plain HTTP: seen to refuse, then taken away."""
    for bucket, role, key in (("BucketName", "CertificatePdfRole", "pages/plain"), ("ListsBucketName", "PublishStatusRole", "status/plain"), ("UploadsBucketName", "UploadsRole", "uploads/plain"), ("FactsBucketName", "AnalyticsWorkerRole", "facts/plain")):
        name = stack.outputs[bucket]
        arn = stack.emulator.client("iam").get_role(RoleName=stack.resources[role])["Role"]["Arn"]
        credentials = stack.emulator.client("sts").assume_role(RoleArn=arn, RoleSessionName="plain")["Credentials"]
        try:
            stack.emulator.client("s3", credentials).put_object(Bucket=name, Key=key, Body=b"")
            sys.exit(f"{bucket}: the bucket took an object without TLS")
        except ClientError as refusal:
            if refusal.response["Error"]["Code"] != "AccessDenied":
                raise
        stack.emulator.client("s3").delete_bucket_policy(Bucket=name)
