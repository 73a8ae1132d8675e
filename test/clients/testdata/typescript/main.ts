// Makes the calls of a file with barq-sdk-ts, and prints a line of JSON for each.
import * as fs from "fs";
import * as path from "path";
import { BarqClient, GrpcClient } from "barq-sdk-ts";

type Method = (call: any) => Promise<unknown>;

// The client wants to be told where its own contract lies.
const contract = path.join(path.dirname(require.resolve("barq-sdk-ts/package.json")), "proto", "barq.proto");
const http = new BarqClient({ baseUrl: process.env.BARQ_HTTP!, apiKey: "a key" });
const rpc = new GrpcClient(process.env.BARQ_GRPC!, contract);

const methods: Record<string, Method> = {
    "http health": () => http.health(),
    "http create": (call) =>
        http.createCollection({
            name: call.collection,
            dimension: call.dimension,
            metric: call.metric,
            index: call.index,
            text_fields: call.text_fields,
        }),
    "http insert": (call) => http.collection(call.collection).insert(call.id, call.vector, call.payload),
    "http search": (call) => http.collection(call.collection).search(call.vector, call.query, call.top_k, call.filter),
    "grpc health": () => rpc.health(),
    "grpc create": (call) => rpc.createCollection(call.collection, call.dimension, call.metric),
    "grpc insert": (call) => rpc.insertDocument(call.collection, call.id, call.vector, call.payload),
    "grpc search": (call) => rpc.search(call.collection, call.vector, call.top_k),
};

async function make(call: any): Promise<unknown> {
    const method = methods[`${call.over} ${call.do}`];
    if (method === undefined) {
        return { lacks: true };
    }
    try {
        return { answer: (await method(call)) ?? null };
    } catch (error) {
        return { error: (error as Error).message };
    }
}

async function main(): Promise<void> {
    for (const call of JSON.parse(fs.readFileSync(process.argv[2], "utf8"))) {
        console.log(JSON.stringify(await make(call)));
    }
    // Neither client can be closed.
    process.exit(0);
}

void main();
