"""Writes the CloudFormation that AWS makes of template.yaml, as JSON, without asking AWS.

Usage: transform.py TEMPLATE > transformed.json

checkov and cfn-lint judge this form: in the SAM form what comes from Globals is invisible. The stack test takes the API's routes from it.
"""

import json
import os
import sys
from pathlib import Path

from samtranslator.public.translator import ManagedPolicyLoader
from samtranslator.translator.transform import transform
from samtranslator.yaml_helper import yaml_parse


class NoAws:
    """Managed policies are named by their ARN in the template, so none has to be looked up."""

    def list_policies(self, **_):
        raise RuntimeError("the template names a managed policy that only AWS can look up")


def transformed(path: Path) -> dict:
    """The template at `path` as plain CloudFormation; parameters stay references."""
    # samtranslator wants a Region to build names with; which one does not matter here.
    os.environ.setdefault("AWS_DEFAULT_REGION", "eu-central-1")
    template = yaml_parse(path.read_text())
    upload(template, path.parent)
    return transform(template, {"AWS::Region": "eu-central-1", "AWS::Partition": "aws"}, ManagedPolicyLoader(NoAws()))


def upload(template: dict, folder: Path) -> None:
    """`sam deploy` uploads code first and puts its address here; any address does for judging the rest."""
    code = {"AWS::Serverless::Function": "CodeUri", "AWS::Serverless::LayerVersion": "ContentUri"}
    for resource in template["Resources"].values():
        if resource["Type"] in code:
            resource["Properties"][code[resource["Type"]]] = "s3://uploads/code.zip"
        if resource["Type"] == "AWS::CloudFormation::Stack":
            resource["Properties"]["TemplateURL"] = str((folder / resource["Properties"]["TemplateURL"]).resolve())
    template.get("Globals", {}).get("Function", {}).pop("CodeUri", None)


if __name__ == "__main__":
    json.dump(transformed(Path(sys.argv[1])), sys.stdout, indent=2)
