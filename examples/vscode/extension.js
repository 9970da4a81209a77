// Starts `tiercel lsp` for YAML files, and gives the YAML extension the schema of the installed
// plugins for those of them that are flows.
"use strict";

const { execFile } = require("node:child_process");
const vscode = require("vscode");
const { LanguageClient } = require("vscode-languageclient/node");

const SCHEMA = "tiercel://schema/flow";
const FLOW = /^namespace\s*:/m;

let client;

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

async function provideSchema() {
  const yaml = vscode.extensions.getExtension("redhat.vscode-yaml");
  if (!yaml) {
    return;
  }
  const api = await yaml.activate();
  const schema = await exportSchema();
  const isFlow = (uri) =>
    vscode.workspace.textDocuments.some(
      (document) => document.uri.toString() === uri && FLOW.test(document.getText()),
    );
  api.registerContributor(
    "tiercel",
    (uri) => (isFlow(uri) ? SCHEMA : undefined),
    (uri) => (uri === SCHEMA ? schema : undefined),
  );
}

async function activate(context) {
  const restart = async () => {
    await deactivate();
    await start();
  };
  context.subscriptions.push(vscode.commands.registerCommand("tiercel.restart", restart));
  try {
    await start();
    await provideSchema();
  } catch (error) {
    vscode.window.showErrorMessage(`Tiercel: ${error.message}. Is 'tiercel[lsp]' installed?`);
  }
}

async function deactivate() {
  await client?.stop();
  client = undefined;
}

module.exports = { activate, deactivate };
