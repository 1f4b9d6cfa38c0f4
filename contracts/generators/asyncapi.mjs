#!/usr/bin/env node
// Reads an AsyncAPI document with the official parser and generates the models of its messages with Modelina.
//   node asyncapi.mjs DOCUMENT FOLDER
// Writes FOLDER/models.ts, models.py and report.json: what the parser says, and the names of all models.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PythonGenerator, TypeScriptGenerator } from '@asyncapi/modelina';
import { fromFile, Parser } from '@asyncapi/parser';

const [source, folder] = process.argv.slice(2);
const { document, diagnostics } = await fromFile(new Parser(), source).parse();
const errors = diagnostics.filter(({ severity }) => severity < 2).map(({ message, path }) => `${path.join('.')}: ${message}`);
const report = { errors, messages: document?.allMessages().all().map((message) => message.name()) ?? [], models: {} };

const generators = {
  ts: new TypeScriptGenerator({ modelType: 'interface' }),
  py: new PythonGenerator(),
};
await mkdir(folder, { recursive: true });
for (const [ending, generator] of Object.entries(document ? generators : {})) {
  const models = await generator.generate(document);
  report.models[ending] = models.map(({ modelName }) => modelName);
  const imports = new Set(models.flatMap(({ dependencies }) => dependencies));
  const exported = ending === 'ts' ? [`export { type ${report.models.ts.join(', type ')} };`] : [];
  const text = [...(ending === 'py' ? imports : []), ...models.map(({ result }) => result), ...exported].join('\n');
  await writeFile(join(folder, `models.${ending}`), `${text}\n`);
}
await writeFile(join(folder, 'report.json'), JSON.stringify(report));
