"""Puts a file into a bucket as any S3 client does: put_object.py ENDPOINT KEY_ID SECRET BUCKET KEY FILE"""
import sys

import boto3
from botocore.config import Config

endpoint, key_id, secret, bucket, key, path = sys.argv[1:]
config = Config(s3={"addressing_style": "path"}, retries={"total_max_attempts": 2})
client = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1", config=config,
                      aws_access_key_id=key_id, aws_secret_access_key=secret)
with open(path, "rb") as file:
    answer = client.put_object(Bucket=bucket, Key=key, Body=file, ContentType="video/mp4")
print(answer["ETag"].strip('"'))
