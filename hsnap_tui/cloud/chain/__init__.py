"""The steps of one request; `cloud.request_chain` puts them together."""
