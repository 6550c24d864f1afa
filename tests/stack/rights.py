"""Every role tries every call with its own credentials: what it needs is allowed, all else is denied.

The needs are written down here a second time, apart from the template, so that a statement too many or too few in either place shows.
What the emulator can't tell is read from the deployed policies instead: it knows no `dynamodb:LeadingKeys` (PARTITIONS), and takes a log group for the
resource of CreateLogStream where AWS takes the stream.
"""

import json

from botocore.exceptions import ClientError
from emulator import REGION
from report import Report

CERTIFY, REVOKE, PDF, HEAD, QR, CREDENTIAL, VERIFY, PUBLIC, STATUS, PUBLISH, KEYS_ADMIN, AUDIT_LOG, RECALL, RECALL_WORKER, RESIGN_WORKER, PAGE, CITIZEN, LOGIN_CHALLENGE, SHARE, DIGILOCKER, PARTNER, PARTNERS_ADMIN, POST, POST_WORKER, POST_BOUNCES, WALLET, RECOVERY, RECOVERY_WORKER, CERTIFY_WORKER, BATCHES, RECONCILE, RECONCILE_WORKER, CHECKS, CHECK_WORKER, UPLOADS, UPLOADS_WORKER, ANALYTICS, ANALYTICS_COUNT, ANALYTICS_WORKER = (
    "Certify", "CertificateRevoke", "CertificatePdf", "CertificateHead", "CertificateQr", "CertificateCredential", "CertificateVerify", "Public", "Status", "PublishStatus", "KeysAdmin",
    "AuditLog", "Recall", "RecallWorker", "ResignWorker", "Page", "Citizen", "LoginChallenge", "Share", "Digilocker", "Partner", "PartnersAdmin", "Post", "PostWorker", "PostBounces", "Wallet", "Recovery", "RecoveryWorker", "CertifyWorker", "Batches", "Reconcile", "ReconcileWorker", "Checks", "CheckWorker", "Uploads", "UploadsWorker", "Analytics", "AnalyticsCount", "AnalyticsWorker",
)
ROLES = (CERTIFY, REVOKE, PDF, HEAD, QR, CREDENTIAL, VERIFY, PUBLIC, STATUS, PUBLISH, KEYS_ADMIN, AUDIT_LOG, RECALL, RECALL_WORKER, RESIGN_WORKER, PAGE, CITIZEN, LOGIN_CHALLENGE, SHARE, DIGILOCKER, PARTNER, PARTNERS_ADMIN, POST, POST_WORKER, POST_BOUNCES, WALLET, RECOVERY, RECOVERY_WORKER, CERTIFY_WORKER, BATCHES, RECONCILE, RECONCILE_WORKER, CHECKS, CHECK_WORKER, UPLOADS, UPLOADS_WORKER, ANALYTICS, ANALYTICS_COUNT, ANALYTICS_WORKER)
POSTING = {POST, POST_WORKER, POST_BOUNCES}
RECOVERING = {RECOVERY, RECOVERY_WORKER}
CERTIFYING = {CERTIFY, CERTIFY_WORKER}
RECONCILING = {RECONCILE, RECONCILE_WORKER}
CHECKING = {CHECKS, CHECK_WORKER}
BRINGING = {UPLOADS, UPLOADS_WORKER}
FETCHING = {PDF, HEAD, QR, CREDENTIAL}
NOTING = {PDF, QR, CREDENTIAL, VERIFY, SHARE, DIGILOCKER, PARTNER, WALLET, ANALYTICS}
NOBODY = set()

# Who may: the whole list, call by call.
MAY = {
    "kms:Sign": CERTIFYING | RECONCILING | {RESIGN_WORKER} | {UPLOADS_WORKER},
    "kms:Sign lists": {PUBLISH, CHECK_WORKER},
    "kms:GetPublicKey": CERTIFYING | RECONCILING | {RESIGN_WORKER, PUBLIC, KEYS_ADMIN} | BRINGING,
    "kms:Verify": NOBODY,
    "kms:GenerateMac": CERTIFYING | {BATCHES, PUBLISH, CITIZEN, LOGIN_CHALLENGE, SHARE, DIGILOCKER, PARTNER, WALLET, ANALYTICS} | FETCHING | POSTING | RECOVERING | RECONCILING | CHECKING | {UPLOADS_WORKER},
    # The emulator knows no encryption context, without which the key's policy lets nobody in: what it lets DigiLocker's function do is not seen here.
    "kms:Decrypt of DigiLocker's key": NOBODY,
    "kms:Decrypt of another secret": NOBODY,
    "kms:VerifyMac": NOBODY,
    "kms:PutKeyPolicy": NOBODY,
    "kms:CreateGrant": NOBODY,
    "kms:EnableKey": NOBODY,
    "kms:Decrypt by hand": NOBODY,
    "kms:GenerateDataKey by hand": NOBODY,
    "dynamodb:Query": FETCHING | RECOVERING | CERTIFYING | RECONCILING | CHECKING | {BATCHES, PUBLIC, REVOKE, VERIFY, STATUS, PUBLISH, KEYS_ADMIN, AUDIT_LOG, RECALL, RECALL_WORKER, RESIGN_WORKER, CITIZEN, SHARE, DIGILOCKER, PARTNER, PARTNERS_ADMIN, POST, POST_WORKER, WALLET, ANALYTICS, ANALYTICS_WORKER} | BRINGING,
    "dynamodb:GetItem": RECOVERING | CERTIFYING | RECONCILING | CHECKING | {BATCHES, ANALYTICS_WORKER, POST, POST_WORKER, PDF, QR, CREDENTIAL, REVOKE, VERIFY, STATUS, PUBLISH, RECALL, RECALL_WORKER, RESIGN_WORKER, CITIZEN, LOGIN_CHALLENGE, SHARE, DIGILOCKER, PARTNER, PARTNERS_ADMIN, WALLET} | BRINGING,
    "dynamodb:BatchGetItem": CERTIFYING | RECONCILING | {BATCHES, CHECK_WORKER} | {UPLOADS_WORKER},
    "dynamodb:PutItem": RECOVERING | CERTIFYING | RECONCILING | CHECKING | NOTING | {ANALYTICS_COUNT, ANALYTICS_WORKER, POST, POST_WORKER, POST_BOUNCES, REVOKE, KEYS_ADMIN, PUBLISH, RECALL, RECALL_WORKER, RESIGN_WORKER, CITIZEN, SHARE, DIGILOCKER, PARTNER, PARTNERS_ADMIN, WALLET} | BRINGING,
    "dynamodb:UpdateItem": CERTIFYING | RECONCILING | {REVOKE, KEYS_ADMIN, RECALL_WORKER, RESIGN_WORKER, CITIZEN, SHARE, PARTNER, WALLET, RECOVERY, ANALYTICS, ANALYTICS_COUNT} | {UPLOADS_WORKER},
    "dynamodb:DeleteItem": RECOVERING | {BATCHES, RECONCILE_WORKER, CITIZEN, LOGIN_CHALLENGE, PARTNERS_ADMIN, POST, POST_WORKER},
    "dynamodb:TransactWriteItems": CERTIFYING | RECONCILING | {REVOKE, KEYS_ADMIN, RECALL_WORKER, RESIGN_WORKER, CITIZEN, SHARE, PARTNER, WALLET, RECOVERY, ANALYTICS, ANALYTICS_COUNT} | {UPLOADS_WORKER},
    "dynamodb:BatchWriteItem": NOBODY,
    "dynamodb:Scan": {PUBLISH},
    "dynamodb:ExecuteStatement": NOBODY,
    "dynamodb:DescribeTable": NOBODY,
    "dynamodb:UpdateTimeToLive": NOBODY,
    "s3:GetObject pages/": {PDF, SHARE, DIGILOCKER, PARTNER},
    "s3:PutObject pages/": {PDF, SHARE, DIGILOCKER, PARTNER},
    "s3:ListBucket": {PDF, SHARE, DIGILOCKER, PARTNER},
    "s3:GetObject elsewhere": NOBODY,
    "s3:PutObject elsewhere": NOBODY,
    "s3:GetObject lists": {STATUS, PUBLISH},
    "s3:PutObject lists": {PUBLISH},
    "s3:GetObject uploads": BRINGING,
    "s3:PutObject uploads": BRINGING,
    "sqs:SendMessage of chunks": BRINGING | {BATCHES},
    "sqs:ReceiveMessage of chunks": {UPLOADS_WORKER},
    "s3:PutObject facts": {ANALYTICS_WORKER},
    "s3:GetObject facts": NOBODY,
    "s3:DeleteObject": NOBODY,
    "s3:GetBucketPolicy": NOBODY,
    "logs:CreateLogStream of another": NOBODY,
    "logs:FilterLogEvents own": NOBODY,
    "lambda:InvokeFunction": NOBODY,
    "lambda:GetFunction": NOBODY,
    "iam:PutRolePolicy": NOBODY,
    "sns:Publish": NOBODY,
    "sns:Publish to a telephone": {POST_WORKER, CITIZEN} | RECOVERING,
    # The emulator takes a mail's address for no resource: that the two who mail may do so is not seen here.
    "ses:SendEmail": NOBODY,
    "sqs:SendMessage": CERTIFYING | {BATCHES},
    "sqs:ReceiveMessage": {CERTIFY_WORKER},
    "sqs:PurgeQueue": NOBODY,
    "cloudformation:DescribeStacks": NOBODY,
}

# Which partitions (first part of PK) each DynamoDB action of a role reaches: of a beneficiary, by id, by contact, audit, notes of changes, keys.
PARTITIONS = {
    CERTIFY: {
        "UpdateItem": {"B#*", "NUMBERS", "N#signing#*"}, "BatchGetItem": {"B#*"}, "Query": {"KEYS"}, "GetItem": {"D#batches#*"},
        "PutItem": {"B#*", "I#*", "K#*", "A#*", "J#*", "KEYS", "D#parcels#*", "D#batches#*", "D#reconciliations#*"},
    },
    CERTIFY_WORKER: {
        "UpdateItem": {"B#*", "NUMBERS", "N#signing#*"}, "BatchGetItem": {"B#*"}, "Query": {"KEYS"}, "GetItem": {"D#batches#*"},
        "PutItem": {"B#*", "I#*", "K#*", "A#*", "J#*", "KEYS", "D#parcels#*", "D#reconciliations#*", "D#batches#*", "D#dead-messages#*"},
    },
    BATCHES: {
        "Query": {"D#batches#*", "D#dead-messages#*"}, "GetItem": {"D#batches#*", "D#dead-messages#*"}, "BatchGetItem": {"B#*"},
        "DeleteItem": {"D#batches#*", "D#dead-messages#*"},
    },
    REVOKE: {"Query": {"B#*"}, "GetItem": {"I#*"}, "UpdateItem": {"B#*"}, "ConditionCheckItem": {"B#*"}, "PutItem": {"A#*", "J#*"}},
    PDF: {"Query": {"B#*"}, "GetItem": {"I#*"}, "PutItem": {"D#uses#*"}},
    HEAD: {"Query": {"B#*"}},
    QR: {"Query": {"B#*"}, "GetItem": {"I#*"}, "PutItem": {"D#uses#*"}},
    CREDENTIAL: {"Query": {"B#*"}, "GetItem": {"I#*"}, "PutItem": {"D#uses#*"}},
    VERIFY: {"Query": {"B#*", "KEYS"}, "GetItem": {"I#*"}, "PutItem": {"D#uses#*"}},
    PUBLIC: {"Query": {"KEYS"}},
    STATUS: {"Query": {"B#*"}, "GetItem": {"I#*"}},
    PUBLISH: {
        "Query": {"J#*", "KEYS", "A#*", "LOG"}, "GetItem": {"STATUS", "NUMBERS"}, "PutItem": {"STATUS", "KEYS", "A#*", "LOG"}, "Scan": {"*"},
        **{action: {"*"} for action in ("DescribeStream", "GetRecords", "GetShardIterator", "ListStreams")},
    },
    RECALL: {"Query": {"RECALLS", "A#*", "B#*", "*"}, "GetItem": {"I#*"}, "PutItem": {"RECALLS"}},
    RECALL_WORKER: {
        "Query": {"RECALLS", "A#*", "B#*", "*"}, "GetItem": {"I#*"}, "UpdateItem": {"B#*"}, "ConditionCheckItem": {"B#*"}, "PutItem": {"RECALLS", "A#*", "J#*"},
    },
    RESIGN_WORKER: {"Query": {"RECALLS", "A#*", "B#*", "KEYS"}, "GetItem": {"I#*"}, "UpdateItem": {"B#*", "N#signing#*"}, "PutItem": {"RECALLS", "A#*"}},
    AUDIT_LOG: {"Query": {"A#*", "LOG"}},
    PAGE: {},
    CITIZEN: {
        "Query": {"B#*", "K#*", "D#requests#*"}, "GetItem": {"I#*", "D#challenges#*", "D#requests#*"}, "PutItem": {"D#challenges#*", "D#requests#*"},
        "DeleteItem": {"D#challenges#*"}, "UpdateItem": {"N#codes-*", "N#proofs-from#*", "N#requests#*"},
    },
    LOGIN_CHALLENGE: {"GetItem": {"D#challenges#*"}, "DeleteItem": {"D#challenges#*"}},
    SHARE: {
        "Query": {"B#*"}, "GetItem": {"I#*", "D#links#*", "D#silence#*"}, "PutItem": {"D#links#*", "D#uses#*"}, "UpdateItem": {"N#mails-from#*", "N#mails-to#*"},
    },
    DIGILOCKER: {"Query": {"B#*"}, "GetItem": {"I#*"}, "PutItem": {"A#*", "D#uses#*"}},
    PARTNER: {"Query": {"B#*"}, "GetItem": {"D#partners#*"}, "UpdateItem": {"N#partner-*"}, "PutItem": {"A#*", "D#uses#*"}},
    PARTNERS_ADMIN: {"Query": {"D#partners#*"}, "GetItem": {"D#partners#*"}, "PutItem": {"D#partners#*", "A#*"}, "DeleteItem": {"D#partners#*"}},
    POST: {
        "Query": {"D#dead-parcels#*"}, "GetItem": {"D#dead-parcels#*", "D#silence#*"}, "PutItem": {"D#parcels#*", "D#dead-parcels#*", "D#silence#*"},
        "DeleteItem": {"D#dead-parcels#*", "D#silence#*"},
    },
    POST_WORKER: {
        "Query": {"D#parcels#*", "B#*"}, "GetItem": {"D#parcels#*", "D#silence#*"}, "PutItem": {"D#parcels#*", "D#dead-parcels#*"}, "DeleteItem": {"D#parcels#*"},
    },
    POST_BOUNCES: {"PutItem": {"D#silence#*"}},
    WALLET: {"Query": {"B#*"}, "GetItem": {"I#*", "D#offers#*"}, "PutItem": {"D#offers#*", "D#uses#*"}, "UpdateItem": {"N#offers#*"}},
    RECOVERY: {
        "Query": {"B#*", "K#*", "KEYS", "D#rebindings#*"}, "GetItem": {"I#*", "D#rebindings#*", "D#challenges#*"}, "UpdateItem": {"N#codes-*", "N#recoveries-*", "N#rebindings-*", "N#approvals-by#*", "N#searches-by#*"},
        "PutItem": {"B#*", "K#*", "A#*", "D#rebindings#*", "D#challenges#*"}, "DeleteItem": {"K#*", "D#rebindings#*", "D#challenges#*"},
    },
    RECOVERY_WORKER: {
        "Query": {"B#*", "D#rebindings#*"}, "GetItem": {"D#rebindings#*"}, "PutItem": {"B#*", "K#*", "A#*", "D#rebindings#*"},
        "DeleteItem": {"K#*", "D#rebindings#*"},
    },
    RECONCILE: {
        "Query": {"D#reconciliations#*", "B#*", "KEYS"}, "GetItem": {"D#reconciliations#*"}, "UpdateItem": {"B#*", "NUMBERS", "N#signing#*"}, "BatchGetItem": {"B#*"},
        "PutItem": {"D#reconciliations#*", "B#*", "I#*", "K#*", "A#*", "J#*", "KEYS", "D#parcels#*"},
    },
    RECONCILE_WORKER: {
        "Query": {"D#reconciliations#*", "B#*", "KEYS"}, "GetItem": {"D#reconciliations#*"}, "DeleteItem": {"D#reconciliations#*"}, "UpdateItem": {"B#*", "NUMBERS", "N#signing#*"}, "BatchGetItem": {"B#*"},
        "PutItem": {"D#reconciliations#*", "B#*", "I#*", "K#*", "A#*", "J#*", "KEYS", "D#parcels#*"},
    },
    CHECKS: {"Query": {"D#checks#*"}, "GetItem": {"D#checks#*"}, "PutItem": {"D#checks#*"}},
    CHECK_WORKER: {
        "Query": {"D#checks#*", "A#*", "B#*", "KEYS", "LOG"}, "GetItem": {"D#checks#*", "I#*"}, "BatchGetItem": {"B#*"}, "PutItem": {"D#checks#*"},
    },
    UPLOADS: {"Query": {"D#uploads#*"}, "GetItem": {"D#uploads#*"}, "PutItem": {"D#uploads#*"}},
    UPLOADS_WORKER: {
        "Query": {"D#uploads#*", "KEYS"}, "GetItem": {"D#uploads#*"}, "UpdateItem": {"B#*", "NUMBERS", "N#signing#*"}, "BatchGetItem": {"B#*"},
        "PutItem": {"D#uploads#*", "D#checks#*", "D#dead-messages#*", "B#*", "I#*", "K#*", "A#*", "J#*", "KEYS", "D#parcels#*", "D#reconciliations#*"},
    },
    ANALYTICS: {"Query": {"T#*", "F#*"}, "PutItem": {"D#uses#*"}, "UpdateItem": {"N#reports-from#*"}},
    ANALYTICS_COUNT: {
        "PutItem": {"F#*"}, "UpdateItem": {"T#*"},
        **{action: {"*"} for action in ("DescribeStream", "GetRecords", "GetShardIterator", "ListStreams")},
    },
    ANALYTICS_WORKER: {"Query": {"F#*"}, "GetItem": {"D#analytics#*"}, "PutItem": {"D#analytics#*"}},
    KEYS_ADMIN: {"Query": {"KEYS"}, "PutItem": {"KEYS", "A#*"}, "UpdateItem": {"KEYS"}},
}


def prove(stack, _callers) -> Report:
    """The whole table, the partitions, and the form of the policies."""
    report = Report()
    for role in ROLES:
        credentials = assume(stack, role)
        for call, allowed in tries(stack, role, credentials):
            report.equal(f"{role}: {call}", allowed, role in MAY[call])
        report.equal(f"{role}: partitions", partitions(statements(stack, role)), PARTITIONS[role])
        log = f"arn:aws:logs:{REGION}:000000000000:log-group:/certificates/{stack.name}/{logs_of(role)[0]}:*"
        report.equal(f"{role}: log", resources(statements(stack, role), "logs:PutLogEvents"), {log})
        for statement in statements(stack, role):
            wild = [action for action in listed(statement["Action"]) if "*" in action]
            report.equal(f"{role}: {statement['Sid']} names its actions", wild, [])
    # The control: with root's rights nothing is denied, so a denial above is about rights and not about a call that can't work.
    for call, allowed in tries(stack, CERTIFY, None):
        report.that(f"root: {call}", allowed, "denied to root: the call proves nothing")
    return report.close()


def assume(stack, role: str) -> dict:
    """The credentials that the role's function runs with."""
    iam = stack.emulator.client("iam")
    arn = iam.get_role(RoleName=stack.resources[f"{role}Role"])["Role"]["Arn"]
    return stack.emulator.client("sts").assume_role(RoleArn=arn, RoleSessionName="proof")["Credentials"]


def tries(stack, role: str, credentials: dict | None):
    """Each call of MAY with whether it was let through; a call that fails for another reason was."""
    for name, call in calls(stack, role, credentials).items():
        try:
            call()
            yield name, True
        except ClientError as fault:
            yield name, fault.response["Error"]["Code"] not in DENIED


def calls(stack, role: str, credentials: dict | None) -> dict:
    """The calls. None changes the stack, though root may make them all: they are dry runs, ask for what is so already, or fail for another reason."""
    client = {service: stack.emulator.client(service, credentials) for service in SERVICES}
    kms, dynamo, s3, logs = client["kms"], client["dynamodb"], client["s3"], client["logs"]
    signing, contact, data = stack.outputs["SigningKeyArn"], stack.outputs["ContactKeyArn"], stack.resources["DataKey"]
    table, bucket = stack.outputs["TableName"], stack.outputs["BucketName"]
    status, lists, facts = stack.outputs["StatusKeyArn"], stack.outputs["ListsBucketName"], stack.outputs["FactsBucketName"]
    key = {"PK": {"S": "B#proof"}, "SK": {"S": "proof"}}
    set_x = {"UpdateExpression": "SET x = :x", "ExpressionAttributeValues": {":x": {"S": "x"}}}
    pss = {"SigningAlgorithm": "RSASSA_PSS_SHA_256", "MessageType": "RAW"}
    own, other = (f"/certificates/{stack.name}/{binary}" for binary in logs_of(role))
    function = stack.resources["PublicFunction"]
    queue = stack.resources["CertifyQueue"]
    secret = {purpose: encrypted(stack, purpose) for purpose in ("digilocker", "another")}
    policy = stack.emulator.client("kms").get_key_policy(KeyId=signing, PolicyName="default")["Policy"]
    return {
        "kms:Sign": lambda: kms.sign(KeyId=signing, Message=b"proof", **pss),
        "kms:Sign lists": lambda: kms.sign(KeyId=status, Message=b"proof", SigningAlgorithm="ECDSA_SHA_256", MessageType="RAW"),
        "kms:GetPublicKey": lambda: kms.get_public_key(KeyId=signing),
        "kms:Verify": lambda: kms.verify(KeyId=signing, Message=b"proof", Signature=bytes(256), **pss),
        "kms:GenerateMac": lambda: kms.generate_mac(KeyId=contact, Message=b"proof", MacAlgorithm="HMAC_SHA_256"),
        "kms:Decrypt of DigiLocker's key": lambda: kms.decrypt(CiphertextBlob=secret["digilocker"], EncryptionContext={"purpose": "digilocker"}),
        "kms:Decrypt of another secret": lambda: kms.decrypt(CiphertextBlob=secret["another"], EncryptionContext={"purpose": "another"}),
        "kms:VerifyMac": lambda: kms.verify_mac(KeyId=contact, Message=b"proof", Mac=bytes(32), MacAlgorithm="HMAC_SHA_256"),
        "kms:PutKeyPolicy": lambda: kms.put_key_policy(KeyId=signing, PolicyName="default", Policy=policy),
        "kms:CreateGrant": lambda: kms.create_grant(
            KeyId=signing, GranteePrincipal="arn:aws:iam::000000000000:role/nobody", Operations=["Sign"], DryRun=True
        ),
        "kms:EnableKey": lambda: kms.enable_key(KeyId=signing),
        "kms:Decrypt by hand": lambda: kms.decrypt(KeyId=data, CiphertextBlob=b"proof"),
        "kms:GenerateDataKey by hand": lambda: kms.generate_data_key(KeyId=data, KeySpec="AES_256"),
        "dynamodb:Query": lambda: dynamo.query(
            TableName=table, KeyConditionExpression="PK = :p", ExpressionAttributeValues={":p": {"S": "B#proof"}}
        ),
        "dynamodb:GetItem": lambda: dynamo.get_item(TableName=table, Key=key),
        "dynamodb:BatchGetItem": lambda: dynamo.batch_get_item(RequestItems={table: {"Keys": [key]}}),
        "dynamodb:PutItem": lambda: dynamo.put_item(TableName=table, Item=key),
        "dynamodb:UpdateItem": lambda: dynamo.update_item(TableName=table, Key=key, **set_x),
        "dynamodb:DeleteItem": lambda: dynamo.delete_item(TableName=table, Key=key),
        "dynamodb:TransactWriteItems": lambda: dynamo.transact_write_items(
            TransactItems=[
                {"Update": {"TableName": table, "Key": key, **set_x}},
                {"Put": {"TableName": table, "Item": {"PK": {"S": "I#proof"}, "SK": {"S": "I"}}}},
            ]
        ),
        "dynamodb:BatchWriteItem": lambda: dynamo.batch_write_item(RequestItems={table: [{"DeleteRequest": {"Key": key}}]}),
        "dynamodb:Scan": lambda: dynamo.scan(TableName=table, Limit=1),
        "dynamodb:ExecuteStatement": lambda: dynamo.execute_statement(Statement=f"SELECT * FROM \"{table}\" WHERE PK = 'B#proof'"),
        "dynamodb:DescribeTable": lambda: dynamo.describe_table(TableName=table),
        "dynamodb:UpdateTimeToLive": lambda: dynamo.update_time_to_live(
            TableName=table, TimeToLiveSpecification={"Enabled": False, "AttributeName": "nosuch"}
        ),
        "s3:PutObject pages/": lambda: s3.put_object(Bucket=bucket, Key="pages/proof", Body=b"proof"),
        "s3:GetObject pages/": lambda: s3.get_object(Bucket=bucket, Key="pages/proof"),
        "s3:ListBucket": lambda: s3.list_objects_v2(Bucket=bucket, MaxKeys=1),
        "s3:GetObject elsewhere": lambda: s3.get_object(Bucket=bucket, Key="other/proof"),
        "s3:PutObject elsewhere": lambda: s3.put_object(Bucket=bucket, Key="other/proof", Body=b"proof"),
        "s3:PutObject lists": lambda: s3.put_object(Bucket=lists, Key="status/proof", Body=b"proof"),
        "s3:GetObject lists": lambda: s3.get_object(Bucket=lists, Key="status/proof"),
        "s3:PutObject uploads": lambda: s3.put_object(Bucket=stack.outputs["UploadsBucketName"], Key="uploads/proof", Body=b"proof"),
        "s3:GetObject uploads": lambda: s3.get_object(Bucket=stack.outputs["UploadsBucketName"], Key="uploads/proof"),
        "sqs:SendMessage of chunks": lambda: client["sqs"].send_message(QueueUrl=stack.resources["BulkQueue"], MessageBody="proof"),
        "sqs:ReceiveMessage of chunks": lambda: client["sqs"].receive_message(QueueUrl=stack.resources["BulkQueue"], VisibilityTimeout=0),
        "s3:PutObject facts": lambda: s3.put_object(Bucket=facts, Key="facts/proof", Body=b"proof"),
        "s3:GetObject facts": lambda: s3.get_object(Bucket=facts, Key="facts/proof"),
        "s3:DeleteObject": lambda: s3.delete_object(Bucket=bucket, Key="pages/nosuch"),
        "s3:GetBucketPolicy": lambda: s3.get_bucket_policy(Bucket=bucket),
        "logs:CreateLogStream of another": lambda: logs.create_log_stream(logGroupName=other, logStreamName="proof"),
        "logs:FilterLogEvents own": lambda: logs.filter_log_events(logGroupName=own, limit=1),
        "lambda:InvokeFunction": lambda: client["lambda"].invoke(FunctionName=function, InvocationType="DryRun"),
        "lambda:GetFunction": lambda: client["lambda"].get_function(FunctionName=function),
        "iam:PutRolePolicy": lambda: client["iam"].put_role_policy(RoleName="nosuch", PolicyName="x", PolicyDocument="{}"),
        "sns:Publish": lambda: client["sns"].publish(TopicArn=stack.outputs["AlarmTopicArn"], Message="proof"),
        "sns:Publish to a telephone": lambda: client["sns"].publish(PhoneNumber="+919000000099", Message="proof"),
        "ses:SendEmail": lambda: client["sesv2"].send_email(
            FromEmailAddress="nobody@health.example", Destination={"ToAddresses": ["nobody@example.org"]},
            Content={"Simple": {"Subject": {"Data": "proof"}, "Body": {"Text": {"Data": "proof"}}}},
        ),
        # Without a group a FIFO queue takes nothing in.
        "sqs:SendMessage": lambda: client["sqs"].send_message(QueueUrl=queue, MessageBody="proof"),
        "sqs:ReceiveMessage": lambda: client["sqs"].receive_message(QueueUrl=queue, VisibilityTimeout=0),
        "sqs:PurgeQueue": lambda: client["sqs"].purge_queue(QueueUrl=queue),
        "cloudformation:DescribeStacks": lambda: client["cloudformation"].describe_stacks(StackName=stack.name),
    }


def encrypted(stack, purpose: str) -> bytes:
    """A secret as the operator encrypts it."""
    kms = stack.emulator.client("kms")
    return kms.encrypt(KeyId=stack.outputs["SecretsKeyArn"], Plaintext=b"proof", EncryptionContext={"purpose": purpose})["CiphertextBlob"]


def logs_of(role: str) -> tuple[str, str]:
    """The function's own log and another one's."""
    binary = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in role).lstrip("_")
    return binary, "public" if role != PUBLIC else "certify"


def statements(stack, role: str) -> list[dict]:
    """The statements of the role as it was deployed."""
    iam = stack.emulator.client("iam")
    document = iam.get_role_policy(RoleName=stack.resources[f"{role}Role"], PolicyName="needs")["PolicyDocument"]
    return (json.loads(document) if isinstance(document, str) else document)["Statement"]


def partitions(found: list[dict]) -> dict[str, set[str]]:
    """Which partitions each DynamoDB action reaches; `*` where nothing narrows it."""
    reached: dict[str, set[str]] = {}
    for statement in found:
        narrowed = statement.get("Condition", {}).get("ForAllValues:StringLike", {}).get("dynamodb:LeadingKeys", ["*"])
        for action in listed(statement["Action"]):
            if action.startswith("dynamodb:"):
                reached.setdefault(action.removeprefix("dynamodb:"), set()).update(listed(narrowed))
    return reached


def resources(found: list[dict], wanted: str) -> set[str]:
    """What an action may be done to."""
    return {resource for statement in found if wanted in listed(statement["Action"]) for resource in listed(statement.get("Resource", []))}


def listed(one_or_more) -> list[str]:
    return one_or_more if isinstance(one_or_more, list) else [one_or_more]


DENIED = {"AccessDenied", "AccessDeniedException", "AuthorizationError"}
SERVICES = ("kms", "dynamodb", "s3", "sqs", "logs", "lambda", "iam", "sns", "sesv2", "cloudformation")
