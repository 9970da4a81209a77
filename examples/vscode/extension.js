// Starts `tiercel lsp` for YAML files, and gives the YAML extension the schema of the installed
// plugins for those of them that are flows.
"use strict";

const { execFile } = require("node:child_process");
const vscode = require("vscode");
const { LanguageClient } = require("vscode-languageclient/node");

const SCHEMA = "tiercel://schema/flow";
const KEYS = [/^["']?id["']?[ \t]*:/m, /^["']?namespace["']?[ \t]*:/m, /^["']?tasks["']?[ \t]*:/m];
const SUITE = /\.test\.ya?ml$/i;

let client;
let schema;

function command() {
  return vscode.workspace.getConfiguration("tiercel").get("command", "tiercel");
}

async function start() {
  const server = { command: command(), args: ["lsp"] };
  const options = {
    documentSelector: [{ scheme: "file", language: "yaml" }],
    synchronize: { fileEvents: vscode.workspace.createFileSystemWatcher("**/*.{yaml,yml}") },
  };
  client = new LanguageClient("tiercel", "Tiercel", server, options);
  await client.start();
}

// The schema depends on the plugins that are installed where the command is.
function exportSchema() {
  return new Promise((resolve, reject) => {
    const limits = { maxBuffer: 64 * 1024 * 1024 };
    execFile(command(), ["schema", "export"], limits, (error, text) =>
      error ? reject(error) : resolve(text),
    );
  });
}

// Much else is written in YAML; the server tells flows in the same way.
function isFlow(uri) {
  const document = vscode.workspace.textDocuments.find((each) => each.uri.toString() === uri);
  const text = document && !SUITE.test(uri) ? document.getText() : "";
  return KEYS.filter((key) => key.test(text)).length >= 2;
}

async function provideSchema() {
  const yaml = vscode.extensions.getExtension("redhat.vscode-yaml");
  if (!yaml) {
    return;
  }
  const api = await yaml.activate();
  api.registerContributor(
    "tiercel",
    (uri) => (isFlow(uri) ? SCHEMA : undefined),
    (uri) => (uri === SCHEMA ? schema : undefined),
  );
}

async function restart() {
  await deactivate();
  try {
    await start();
    schema = await exportSchema();
  } catch (error) {
    vscode.window.showErrorMessage(`Tiercel: ${error.message}. Is 'tiercel[lsp]' installed?`);
  }
}

async function activate(context) {
  context.subscriptions.push(
    vscode.commands.registerCommand("tiercel.restart", restart),
    vscode.workspace.onDidChangeConfiguration((change) =>
      change.affectsConfiguration("tiercel") ? restart() : undefined,
    ),
  );
  await restart();
  await provideSchema();
}

async function deactivate() {
  const running = client;
  client = undefined;
  await running?.stop();
}

module.exports = { activate, deactivate };
