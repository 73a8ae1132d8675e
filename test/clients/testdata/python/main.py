"""Makes the calls of a file with barq-sdk-python, and prints a line of JSON for each."""

import json
import os
import sys

import barq
import grpc
import httpx

http = barq.BarqClient(os.environ["BARQ_HTTP"], "a key")
rpc = barq.GrpcClient(os.environ["BARQ_GRPC"])

CALLS = {
    "http": {
        "health": lambda call: http.health(),
        "create": lambda call: http.create_collection(
            call["collection"], call["dimension"], call["metric"], call.get("index"), call.get("text_fields")
        ),
        "insert": lambda call: http.insert_document(call["collection"], call["id"], call["vector"], call.get("payload")),
        "search": lambda call: http.search(
            call["collection"], call.get("vector"), call.get("query"), call["top_k"], call.get("filter")
        ),
    },
    "grpc": {
        "health": lambda call: rpc.health(),
        "create": lambda call: rpc.create_collection(call["collection"], call["dimension"], call["metric"]),
        "insert": lambda call: rpc.insert_document(call["collection"], call["id"], call["vector"], call.get("payload")),
        "search": lambda call: rpc.search(call["collection"], call["vector"], call["top_k"]),
    },
}


def make(call):
    method = CALLS[call["over"]].get(call["do"])
    if method is None:
        return {"lacks": True}
    try:
        return {"answer": method(call)}
    except httpx.HTTPStatusError as error:
        return {"error": [str(error), error.response.text]}
    except grpc.RpcError as error:
        return {"error": [error.code().name, error.details()]}
    except Exception as error:
        return {"error": [type(error).__name__, str(error)]}


with open(sys.argv[1], encoding="utf-8") as file:
    for made in json.load(file):
        print(json.dumps(make(made), sort_keys=True), flush=True)
