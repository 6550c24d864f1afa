"""Requests through the HTTP API: what is open, what needs a token, and the way of one certificate."""

import datetime
import json

import yaml
from callers import PEOPLE
from deployment import ROOT, routes
from report import Report

BENEFICIARY = "8800000000017"
# A synthetic person. The number is that of the caller `citizen`.
EVENT = {
    "preEnrollmentCode": BENEFICIARY,
    "programId": "covid-19",
    "recipient": {
        "name": "Anjali Verma",
        "dob": "1984-03-09",
        "gender": "Female",
        "nationality": "Indian",
        "identity": "did:in.gov.uidai.aadhaar:999900001111",
        "contact": [f"tel:{PEOPLE['citizen'][1]}"],
        "address": {"addressLine1": "12 Lake Road", "addressLine2": "", "district": "Mysuru", "state": "Karnataka", "pincode": "570001"},
    },
    "vaccination": {
        "name": "COVISHIELD",
        "batch": "4121Z001",
        "manufacturer": "Serum Institute of India",
        "date": "2021-06-14T09:30:00.000Z",
        "effectiveStart": "2021-06-14",
        "effectiveUntil": "2021-09-06",
        "dose": 1,
        "totalDoses": 2,
    },
    "vaccinator": {"name": "Ravi Kumar"},
    "facility": {
        "name": "District Hospital",
        "address": {"addressLine1": "1 Hospital Street", "addressLine2": "", "district": "Mysuru", "state": "Karnataka", "pincode": "570001"},
    },
}

PROOFS = {
    "RSA_2048": "RsaSignature2018",
    "ECC_NIST_P256": "EcdsaSecp256r1Signature2019",
    "ECC_SECG_P256K1": "EcdsaSecp256k1Signature2019",
    "ECC_NIST_EDWARDS25519": "Ed25519Signature2018",
}

# The page without its slash is sent on; it has no file that is called `file`.
NOT_200 = {"/verify": 308, "/verify/{file}": 404, "/verify/{version}/{file}": 404}
# Nothing is published yet, `number` is none, and a question without a body asks nothing.
NOT_200 |= {"/status/latest": 404, "/status/revocations": 404, "/status/revocations/{number}": 400, "/status/deltas/{from}": 400}
NOT_200 |= {"/status/lists/{number}/{purpose}": 400, "/divoc/api/v1/certificate/revoked": 415, "/cert/api/certificate/revoked": 415}
NOT_200 |= {"/divoc/api/citizen/generateOTP": 415, "/divoc/api/citizen/verifyOTP": 415}
NOT_200 |= {f"/divoc/api/citizen/recovery{step}": 415 for step in ("", "/objection", "/{recoveryId}/proof")}
NOT_200 |= {"/divoc/api/citizen/recovery/{recoveryId}": 404, "/divoc/api/post/unsubscribe/{token}": 400}
NOT_200 |= {"/portal": 308, "/portal/{file}": 404, "/portal/{version}/{file}": 404, "/share": 308}
NOT_200 |= {"/bulk": 308, "/bulk/{file}": 404, "/bulk/{version}/{file}": 404}
NOT_200 |= {"/divoc/api/share/open": 415, "/divoc/api/share/document": 415}
NOT_200 |= {"/dashboard": 308, "/dashboard/{version}/{file}": 404, "/public/dashboards/{key}": 308, "/divoc/api/v1/events": 415}
# Not signed; and no offer, no grant, no token, no service that is called `path`.
NOT_200 |= {"/cert/api/pullUriRequest": 401, "/cert/api/pullDocRequest": 401}
NOT_200 |= {"/wallet/offers/{offerId}": 404, "/wallet/token": 400, "/wallet/credential": 401}
NOT_200 |= {f"/.well-known/{document}/{{path}}": 404 for document in ("openid-credential-issuer", "oauth-authorization-server")}

DESCRIPTION = yaml.safe_load((ROOT / "shared/issuer/openapi.yaml").read_text())


def what_is_open(stack, callers) -> Report:
    """Health, public keys and contexts answer anyone; every other route answers nobody without a token, and nothing else exists."""
    report = Report()
    for method, path, function, guarded in routes():
        status, headers, body = stack.request(method, path.replace("{dose}", "1").replace("{", "").replace("}", ""))
        if guarded or not described_as_open(method, path):
            report.equal(f"{method} {path} without a token", status, 401)
        else:
            report.equal(f"{method} {path} for anyone", status, NOT_200.get(path, 200))
    for token, what in ((callers.tokens["fetcher"][:-8] + "AAAAAAAA", "a forged token"), ("x.y.z", "no token at all")):
        status, *_ = stack.request("GET", f"/certificate/api/certificatePDF/{BENEFICIARY}", token)
        report.equal(f"the PDF with {what}", status, 401)
    for method, path in (("GET", "/nowhere"), ("DELETE", "/health"), ("PUT", "/divoc/api/v1/certify")):
        report.equal(f"{method} {path}", stack.request(method, path, callers.tokens["certifier"])[0], 404)
    return report.close()


def described_as_open(method: str, path: str) -> bool:
    """Whether the API's description wants no token: routes that admit citizens have no authorizer, and their functions ask for one."""
    operations = DESCRIPTION["paths"][path]
    return operations.get(method.lower(), operations.get("get", {})).get("security") == []


def certificates(stack, callers) -> Report:
    """One event, sent twice, becomes one certificate, which those who may can fetch in every form."""
    report = Report()
    pdf = f"/certificate/api/certificatePDF/{BENEFICIARY}"

    def certify(who, event):
        return stack.request("POST", "/divoc/api/v1/certify", callers.tokens[who], json.dumps([event]).encode())

    def get(path, who="fetcher", method="GET"):
        return stack.request(method, path, callers.tokens[who])

    report.equal("HEAD before", get(pdf, method="HEAD")[0], 404)
    report.equal("PDF before", get(pdf)[0], 404)
    for who in ("fetcher", "citizen", "nobody"):
        report.equal(f"certify by {who}", certify(who, EVENT)[0], 403)
    wrong = EVENT | {"recipient": EVENT["recipient"] | {"name": ""}}
    status, headers, body = certify("certifier", wrong)
    report.equal("a nameless person", (status, headers["content-type"]), (422, "application/problem+json"))

    first = certified(report, "certify", certify("certifier", EVENT))
    again = certified(report, "certify again", certify("certifier", EVENT))
    report.equal("the same event again", again.get("certificateId"), first.get("certificateId"))
    other = EVENT | {"vaccination": EVENT["vaccination"] | {"batch": "4121Z999"}}
    report.equal("another event for the same dose", certify("certifier", other)[0], 409)
    certificate = first.get("certificateId", "unknown")

    status, headers, body = get(pdf)
    report.equal("PDF", (status, headers["content-type"], body[:5]), (200, "application/pdf", b"%PDF-"))
    report.equal("PDF again, from the bucket", get(pdf)[2], body)
    kept = stack.emulator.client("s3").list_objects_v2(Bucket=stack.outputs["BucketName"], Prefix="pages/")
    report.that("the PDF is kept", kept["KeyCount"] > 0)
    for path in (f"/certificate/api/certificate/{certificate}", f"/cert/api/certificatePDF/{BENEFICIARY}/1"):
        report.equal(f"PDF by {path}", get(path)[2], body)
    for path in (pdf, f"/cert/api/certificate/{BENEFICIARY}", f"/cert/api/certificate/{BENEFICIARY}/1"):
        status, _, nothing = get(path, method="HEAD")
        report.equal(f"HEAD {path}", (status, nothing), (200, b""))
    report.equal("HEAD of a dose not given", get(f"/cert/api/certificate/{BENEFICIARY}/2", method="HEAD")[0], 404)

    status, headers, body = get(f"/certificate/api/certificateQRCode/{BENEFICIARY}")
    report.equal("QR code", (status, headers["content-type"], body[:8]), (200, "image/png", b"\x89PNG\r\n\x1a\n"))
    status, headers, body = get(f"/certificate/api/credential/{certificate}")
    report.equal("credential", status, 200)
    if status == 200:
        credential(report, json.loads(body), certificate, PROOFS[stack.key_spec])

    report.equal("PDF for the citizen it belongs to", get(pdf, "citizen")[0], 200)
    report.that("no PDF for another citizen", get(pdf, "stranger")[0] in (403, 404))
    report.equal("no PDF without a role", get(pdf, "nobody")[0], 403)
    corrected = EVENT | {"recipient": EVENT["recipient"] | {"name": "Anjali K. Verma"}}
    put = lambda: stack.request("PUT", "/divoc/api/v1/certificate", callers.tokens["certifier"], json.dumps([corrected]).encode())
    newer = certified(report, "correct", put())
    report.equal("what was corrected", newer.get("previousCertificateId"), certificate)
    report.equal("the same correction again", certified(report, "correct again", put()).get("certificateId"), newer.get("certificateId"))
    report.equal("the corrected certificate", get(f"/certificate/api/credential/{certificate}")[0], 410)
    published = publish(stack)
    report.equal("publish", published, None)
    status, headers, body = stack.request("GET", "/status/revocations")
    report.equal("the revocation list", (status, headers.get("content-type"), body.count(b".")), (200, "application/jose", 2))
    revoke = lambda who: stack.request("DELETE", f"/divoc/api/v1/certificates/{BENEFICIARY}?allDoses=true", callers.tokens[who])
    report.equal("revoke by a fetcher", revoke("fetcher")[0], 403)
    for what in ("revoke", "revoke again"):
        status, _, body = revoke("certifier")
        report.equal(what, (status, json.loads(body or b"{}").get("certificates", [{}])[0].get("status")), (200, "revoked"))
    report.equal("HEAD of the revoked", get(pdf, method="HEAD")[0], 404)
    report.equal("publish the revocation", publish(stack), None)
    status, _, body = stack.request("GET", "/status/latest")
    report.that("a newer list", status == 200 and json.loads(body)["number"] >= 2, body[:200].decode(errors="replace"))
    status, _, body = stack.request("GET", "/.well-known/jwks.json")
    report.equal("the signing key is published", (status, len(json.loads(body or b"{}").get("keys", []))), (200, 1))
    report.that("nothing about the person is in a log", not leaks(stack), f"found {leaks(stack)}")
    return report.close()


def publish(stack) -> str | None:
    """Runs the publication as the schedule does; how it failed, if it did."""
    answer = stack.emulator.client("lambda").invoke(FunctionName=stack.resources["PublishStatusFunction"], Payload=b"{}")
    return answer.get("FunctionError") and answer["Payload"].read().decode(errors="replace")


def certified(report: Report, what: str, answer) -> dict:
    """The one item of a certify answer that says yes."""
    status, _, body = answer
    report.equal(what, status, 200)
    try:
        items = json.loads(body)
        items = items.get("certificates", items) if isinstance(items, dict) else items
        return items[0]
    except (ValueError, LookupError):
        report.that(f"{what}: one item", False, body[:300].decode(errors="replace"))
        return {}


def credential(report: Report, document: dict, certificate: str, proof: str) -> None:
    """What a verifier reads."""
    evidence = document["evidence"][0]
    report.equal("whose", (document["credentialSubject"]["name"], document["credentialSubject"]["refId"]), ("Anjali Verma", BENEFICIARY))
    report.equal("which", (evidence["certificateId"], evidence["dose"], evidence["batch"]), (certificate, 1, "4121Z001"))
    report.equal("signed", (document["proof"]["type"], document["proof"]["proofPurpose"]), (proof, "assertionMethod"))
    age = abs(datetime.datetime.fromisoformat(document["issuanceDate"]) - datetime.datetime.now(datetime.UTC))
    report.that("issued now", age < datetime.timedelta(minutes=10), document["issuanceDate"])


def leaks(stack) -> list[str]:
    """Personal data of the journey that stands in any log."""
    logs = stack.emulator.client("logs")
    lines = ""
    for group in logs.describe_log_groups()["logGroups"]:
        lines += "\n".join(line["message"] for line in logs.filter_log_events(logGroupName=group["logGroupName"])["events"])
    with open(f"{stack.emulator.home}/emulator.log", errors="replace") as log:
        # The emulator's own line per request holds its path; the functions' lines are JSON.
        lines += "".join(line for line in log if line.lstrip().startswith("{"))
    personal = (BENEFICIARY, "Anjali", "Verma", "999900001111", PEOPLE["citizen"][1], "9999900010", "Lake Road")
    return [word for word in personal if word in lines]
