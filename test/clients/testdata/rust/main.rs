//! Makes the calls of a file with barq-sdk-rust, and prints a line of JSON for each.

use barq_sdk_rust::{
    BarqClient, BarqError, BarqGrpcClient, DistanceMetric, DocumentId, Filter, HybridWeights, SearchQuery,
    TextFieldRequest,
};
use serde::de::DeserializeOwned;
use serde_json::{json, Value};

/// What a call came to: the answer, or the error.
type Outcome = Result<Value, Value>;

fn failed(error: BarqError) -> Value {
    match error {
        // The text of a status has the headers too, among them the date.
        BarqError::Grpc(status) => json!([format!("{:?}", status.code()), status.message()]),
        other => json!([other.to_string()]),
    }
}

/// Reads a field as the type that the client wants.
fn field<T: DeserializeOwned>(call: &Value, name: &str) -> Result<T, Value> {
    serde_json::from_value(call[name].clone()).map_err(|error| json!(["the client has no such value", error.to_string()]))
}

fn id(call: &Value) -> Result<DocumentId, Value> {
    match call["id"].as_u64() {
        Some(number) => Ok(number.into()),
        None => field::<String>(call, "id").map(DocumentId::from),
    }
}

async fn over_http(client: &BarqClient, call: &Value) -> Outcome {
    let name: String = field(call, "collection").unwrap_or_default();
    let collection = client.collection(&name);
    match call["do"].as_str() {
        Some("health") => client.health().await.map(|()| json!(true)),
        Some("create") => {
            let metric: DistanceMetric = field(call, "metric")?;
            let texts: Option<Vec<TextFieldRequest>> = field(call, "text_fields")?;
            let index = call.get("index").cloned();
            client.create_collection(&name, field(call, "dimension")?, metric, index, texts).await.map(|()| json!(true))
        }
        Some("insert") => {
            let payload = call.get("payload").cloned();
            collection.insert(id(call)?, field(call, "vector")?, payload).await.map(|()| json!(true))
        }
        Some("search" | "weigh") => {
            let filter: Option<Filter> = field(call, "filter")?;
            let weights: Option<HybridWeights> = field(call, "weights")?;
            let found = collection.search(field(call, "vector")?, field(call, "query")?, field(call, "top_k")?, filter, weights);
            found.await.map(|hits| json!(hits))
        }
        Some("batch") => {
            let queries: Vec<SearchQuery> = field(call, "queries")?;
            collection.batch_search(queries, field(call, "top_k")?).await.map(|hits| json!(hits))
        }
        other => panic!("{other:?} is no call"),
    }
    .map_err(failed)
}

async fn over_grpc(client: &mut BarqGrpcClient, call: &Value) -> Outcome {
    let name: String = field(call, "collection").unwrap_or_default();
    match call["do"].as_str() {
        Some("health") => client.health().await.map(|ok| json!(ok)),
        Some("create") => {
            let metric: DistanceMetric = field(call, "metric")?;
            client.create_collection(&name, field(call, "dimension")?, metric).await.map(|()| json!(true))
        }
        Some("insert") => {
            let payload = call["payload"].clone();
            client.insert_document(&name, id(call)?, field(call, "vector")?, payload).await.map(|()| json!(true))
        }
        Some("search") => {
            let found = client.search(&name, field(call, "vector")?, field(call, "top_k")?);
            found.await.map(|hits| json!(hits))
        }
        Some("batch") => {
            let queries: Vec<SearchQuery> = field(call, "queries")?;
            client.batch_search(&name, queries, field(call, "top_k")?).await.map(|hits| json!(hits))
        }
        other => panic!("{other:?} is no call"),
    }
    .map_err(failed)
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let file = std::env::args().nth(1).ok_or("the file with the calls is missing")?;
    let calls: Vec<Value> = serde_json::from_slice(&std::fs::read(file)?)?;
    let http = BarqClient::new(std::env::var("BARQ_HTTP")?, "a key");
    let mut grpc = BarqGrpcClient::connect(format!("http://{}", std::env::var("BARQ_GRPC")?)).await?;
    for call in &calls {
        let outcome = match call["over"].as_str() {
            Some("http") => over_http(&http, call).await,
            _ => over_grpc(&mut grpc, call).await,
        };
        match outcome {
            Ok(answer) => println!("{}", json!({"answer": answer})),
            Err(error) => println!("{}", json!({"error": error})),
        }
    }
    Ok(())
}
