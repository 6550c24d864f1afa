"""Callers with real tokens: a Cognito pool with a person for each role."""

import secrets

PEOPLE = {
    # who: (group, telephone number); none of them exists
    "certifier": ("certifier", "+919999900001"),
    "fetcher": ("fetcher", "+919999900002"),
    "citizen": ("citizen", "+919999900010"),
    "stranger": ("citizen", "+919999900099"),
    "nobody": (None, "+919999900003"),
}


class Callers:
    """The pool and one token per person of PEOPLE."""

    def __init__(self, emulator):
        self.cognito = emulator.client("cognito-idp")
        self.pool = self.cognito.create_user_pool(PoolName="stack-test")["UserPool"]["Id"]
        self.audience = self.cognito.create_user_pool_client(
            UserPoolId=self.pool, ClientName="stack-test", ExplicitAuthFlows=["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
        )["UserPoolClient"]["ClientId"]
        region = self.pool.split("_")[0]
        self.issuer = f"https://cognito-idp.{region}.amazonaws.com/{self.pool}"
        self.key_set_url = f"{emulator.url}/{self.pool}/.well-known/jwks.json"
        for group in {group for group, _ in PEOPLE.values() if group}:
            self.cognito.create_group(UserPoolId=self.pool, GroupName=group)
        self.tokens = {who: self.token(who, *PEOPLE[who]) for who in PEOPLE}

    def token(self, who: str, group: str | None, phone: str) -> str:
        """The person's ID token: only that carries the telephone number."""
        password = secrets.token_urlsafe(16) + "aA1!"
        known = [{"Name": "phone_number", "Value": phone}, {"Name": "phone_number_verified", "Value": "true"}]
        self.cognito.admin_create_user(UserPoolId=self.pool, Username=who, UserAttributes=known, MessageAction="SUPPRESS")
        self.cognito.admin_set_user_password(UserPoolId=self.pool, Username=who, Password=password, Permanent=True)
        if group:
            self.cognito.admin_add_user_to_group(UserPoolId=self.pool, Username=who, GroupName=group)
        answer = self.cognito.initiate_auth(
            ClientId=self.audience, AuthFlow="USER_PASSWORD_AUTH", AuthParameters={"USERNAME": who, "PASSWORD": password}
        )
        return answer["AuthenticationResult"]["IdToken"]
