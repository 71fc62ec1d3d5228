"""Liveness and readiness."""


def test_the_process_says_that_it_lives(client):
    assert client.get("/healthz").get_json() == {"alive": True}


def test_readiness_names_schema_and_database(client):
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.get_json()["ready"] == "yes"
    assert answer.get_json()["schema"] == answer.get_json()["program_schema"]
