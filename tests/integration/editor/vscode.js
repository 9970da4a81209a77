// Activates the extension in this process, with what Visual Studio Code would give it in its place,
// and writes on standard output what it did: node vscode.js EXTENSION COMMAND DOCUMENTS
"use strict";

const Module = require("node:module");

const [extension, command, texts] = process.argv.slice(2);
const seen = { clients: [], commands: [], errors: [], watched: [], stopped: 0 };
const documents = Object.entries(JSON.parse(texts)).map(([uri, text]) => ({
  uri: { toString: () => uri },
  getText: () => text,
}));
let contributor;

class LanguageClient {
  constructor(id, name, server, options) {
    seen.clients.push({ id, name, server, languages: options.documentSelector });
  }
  async start() {}
  async stop() {
    seen.stopped += 1;
  }
}

const registered = {};
const vscode = {
  workspace: {
    textDocuments: documents,
    getConfiguration: () => ({ get: (key, otherwise) => (key === "command" ? command : otherwise) }),
    createFileSystemWatcher: (pattern) => seen.watched.push(pattern),
    onDidChangeConfiguration: (listener) => {
      registered.configuration = listener;
    },
  },
  commands: {
    registerCommand: (name, run) => {
      seen.commands.push(name);
      registered[name] = run;
    },
  },
  extensions: {
    getExtension: (id) => ({
      activate: async () => ({
        registerContributor: (name, schemaOf, contentOf) => {
          contributor = { id, name, schemaOf, contentOf };
        },
      }),
    }),
  },
  window: { showErrorMessage: (message) => seen.errors.push(message) },
};

const load = Module._load;
Module._load = (request, ...rest) =>
  ({ vscode, "vscode-languageclient/node": { LanguageClient } })[request] ?? load(request, ...rest);

async function main() {
  const { activate, deactivate } = require(extension);
  await activate({ subscriptions: [] });
  await registered.configuration({ affectsConfiguration: (name) => name === "tiercel" });
  await registered["tiercel.restart"]();
  const schemas = {};
  for (const document of documents) {
    const uri = document.uri.toString();
    const schema = contributor.schemaOf(uri);
    schemas[uri] = schema ? contributor.contentOf(schema) : null;
  }
  await deactivate();
  process.stdout.write(JSON.stringify({ ...seen, yaml: contributor.id, schemas }));
}

main();
