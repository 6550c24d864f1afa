# What builds, judges, tests and deploys the stack. Included by the Makefile; every tool is a pinned package in a venv under target/.

INFRA_VENV := target/venv-infra
STACK_VENV := target/venv-stack
STAGE ?= dev
ARCHITECTURE ?= arm64
export SAM_CLI_TELEMETRY := 0

.PHONY: validate build deploy test-stack csr import-key digilocker-key

validate: $(INFRA_VENV)/ready ## Judge the template: sam validate, cfn-lint, checkov; without network
	AWS_DEFAULT_REGION=eu-central-1 $(INFRA_VENV)/bin/sam validate --lint --template template.yaml
	$(INFRA_VENV)/bin/cfn-lint template.yaml infra/watch.yaml infra/watch-function.yaml infra/edge.yaml
	$(INFRA_VENV)/bin/python infra/transform.py template.yaml > target/template.json
	@# W3002: nested templates are uploaded by `sam deploy`.
	$(INFRA_VENV)/bin/cfn-lint --ignore-checks W3002 -- target/template.json
	$(INFRA_VENV)/bin/checkov --file target/template.json --framework cloudformation --skip-download --quiet --compact --config-file infra/checkov.yaml
	$(INFRA_VENV)/bin/checkov --file infra/edge.yaml --framework cloudformation --skip-download --quiet --compact --config-file infra/checkov.yaml

build: $(INFRA_VENV)/ready fonts page ## Every function as it is deployed (ARCHITECTURE=arm64 or x86_64)
	infra/build.sh $(ARCHITECTURE)

deploy: $(INFRA_VENV)/ready ## Deploy what was built (STAGE=dev or prod, settings in samconfig.toml)
	$(INFRA_VENV)/bin/python infra/deploy.py $(STAGE)

test-stack: $(STACK_VENV)/ready fonts page ## Deploy to an emulator of AWS, prove requests and rights there
	$(STACK_VENV)/bin/python tests/stack/run.py

csr: ## A certificate request by the signing key in KMS: KEY=arn:… SUBJECT='C=IN, O=…, CN=…' USAGES='divoc …'
	@cargo run --quiet -p aws --bin csr -- "$(KEY)" "$(SUBJECT)" $(USAGES)

digilocker-key: ## DigiLocker's key encrypted for the parameter DigilockerKeyCiphertext: KEY=<SecretsKeyArn> FILE=digilocker.key
	@aws kms encrypt --key-id "$(KEY)" --plaintext "fileb://$(FILE)" --encryption-context purpose=digilocker --query CiphertextBlob --output text

import-key: $(INFRA_VENV)/ready ## A CA-issued private key into KMS: FILE=key.pem CERT=certificate.pem
	$(INFRA_VENV)/bin/python infra/import-key.py "$(FILE)" $(if $(CERT),--cert "$(CERT)")

$(INFRA_VENV)/ready: infra/requirements.txt
$(STACK_VENV)/ready: tests/stack/requirements.txt
$(INFRA_VENV)/ready $(STACK_VENV)/ready:
	python3 -m venv $(@D)
	$(@D)/bin/pip install --quiet --requirement $<
	touch $@
