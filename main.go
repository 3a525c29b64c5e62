// Command runnel chats with language models in GGUF files, in a terminal.
package main

func main() {}
