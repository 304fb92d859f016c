import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { parseAllDocuments } from 'yaml';
import type { KubeObject } from '../../../api/kubernetes.ts';
import { checkStructure } from '../../../api/structure.ts';

const directory = join(import.meta.dirname, '../../../examples');
const files = readdirSync(directory).filter((file) => file.endsWith('.yaml'));
const objectsOf = (file: string): KubeObject[] =>
  parseAllDocuments(readFileSync(join(directory, file), 'utf8')).map((document) => document.toJS() as KubeObject);

describe('the examples', () => {
  for (const file of files) {
    const objects = objectsOf(file);
    const own = objects.filter((object) => object.kind.startsWith('LLMInferenceService'));

    it(`${file} says what it shows, and holds a service`, () => {
      expect(readFileSync(join(directory, file), 'utf8')).to.match(/^# \S/);
      expect(own.map((object) => object.kind)).to.include('LLMInferenceService');
    });

    it(`${file} is accepted by the schema`, () => {
      expect(own.flatMap((object) => checkStructure(object))).to.deep.equal([]);
    });

    it(`${file} names only configurations, accounts and secrets that it brings along`, () => {
      const text = JSON.stringify(own);
      const named = [...text.matchAll(/"baseRefs":\[(.*?)\]/g)].flatMap(([, refs]) => [...refs!.matchAll(/"name":"(.*?)"/g)].map(([, name]) => name));
      const accounts = [...text.matchAll(/"serviceAccountName":"(.*?)"/g)].map(([, name]) => name);
      expect(objects.map((object) => object.metadata.name)).to.include.members([...named, ...accounts]);
    });
  }

  it('are all in the table of the README, and nothing else is', () => {
    const readme = readFileSync(join(directory, 'README.md'), 'utf8');
    const linked = [...readme.matchAll(/\]\(([\w.-]+\.yaml)\)/g)].map(([, name]) => name);
    expect(linked).to.have.members(files);
  });
});
