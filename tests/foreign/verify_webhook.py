"""Verifies a message with the Standard Webhooks library: {"secret", "headers", "body"} on stdin, exit code 0 when genuine."""
import json
import sys

from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError

message = json.load(sys.stdin)
try:
    Webhook(message["secret"]).verify(message["body"], message["headers"])
except WebhookVerificationError as error:
    sys.exit(f"not genuine: {error}")
