import { expect } from 'chai';
import { type Manifest, ManifestError, readManifests } from '../../../cli/manifest-files.ts';
import { withFiles } from './manifest-text.ts';

const read = (text: string): Manifest[] => withFiles({ 'a.yaml': text }, (directory) => readManifests([`${directory}/a.yaml`]));

/** What is wrong with the files, without the directory they are in. */
function problemsOf(files: Record<string, string>, paths = Object.keys(files)): readonly string[] {
  return withFiles(files, (directory) => {
    try {
      readManifests(paths.map((path) => `${directory}/${path}`));
      return [];
    } catch (error) {
      return (error as ManifestError).problems.map((problem) => problem.replaceAll(`${directory}/`, ''));
    }
  });
}

const object = 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n';

describe('reading manifests', () => {
  it('knows the line of every field, of list entries and of keys in brackets', () => {
    const [manifest] = read(`# comment
apiVersion: v1
kind: Thing
metadata:
  name: a
  annotations:
    serving.kserve.io/stop: "true"
spec:
  containers:
    - name: one
      env:
        - {name: A}
    - name: two
  "quoted": 1
`);
    const lines: [string, number][] = [
      ['', 2],
      ['metadata.name', 5],
      ['metadata.annotations[serving.kserve.io/stop]', 7],
      ['spec.containers[0].env[0].name', 12],
      ['spec.containers[1].name', 13],
      ['spec.quoted', 14],
      ['spec.containers[1].image', 13],
      ['spec.containers[7]', 9],
      ['spec.nothing.of.this', 8],
      ['status', 2],
    ];
    expect(lines.map(([path]) => [path, manifest!.lineOf(path)])).to.deep.equal(lines);
  });

  it('tells documents of a file apart, and passes over empty ones', () => {
    const found = read(`${object}---\n---\n# nothing\n---\n${object}`);
    expect(found.map((manifest) => manifest.lineOf('kind'))).to.deep.equal([2, 9]);
  });

  it('unfolds lists, whose items keep their lines', () => {
    const found = read(`apiVersion: v1
kind: List
items:
  - apiVersion: v1
    kind: ConfigMap
    metadata: {name: a}
  - apiVersion: v1
    kind: ConfigMap
    metadata:
      name: b
`);
    expect(found.map(({ object: { metadata } }) => metadata.name)).to.deep.equal(['a', 'b']);
    expect(found.map((manifest) => [manifest.lineOf(''), manifest.lineOf('metadata.name')])).to.deep.equal([
      [4, 6],
      [7, 10],
    ]);
  });

  it('reads JSON, and the manifests of a directory in the order of their names', () => {
    const files = { 'b.json': '{"apiVersion": "v1", "kind": "B", "metadata": {}}', 'a.yml': object, 'notes.txt': 'not a manifest' };
    const kindsRead = withFiles(files, (directory) => readManifests([directory]).map(({ object: { kind } }) => kind));
    expect(kindsRead).to.deep.equal(['ConfigMap', 'B']);
  });

  it('reads numbers and booleans as kubectl does', () => {
    const [manifest] = read(`${object}data: {mode: 0644, on: yes, time: 12:30, day: 2024-01-01}\n`);
    expect(manifest!.object.data).to.deep.equal({ mode: 0o644, true: true, time: '12:30', day: '2024-01-01' });
  });

  const broken: [string, string, string][] = [
    [
      'a syntax error',
      'a: {b: 1\nc: 2\n',
      'a.yaml:2: error: not valid YAML: Flow map in block collection must be sufficiently indented and end with a }',
    ],
    ['a repeated key', 'a: 1\na: 2\n', 'a.yaml:2: error: not valid YAML: Map keys must be unique'],
    ['an unknown alias', 'a: *b\n', 'a.yaml:1: error: not valid YAML: Unresolved alias (the anchor must be set before the alias): b'],
    ['text', '\nhello\n', 'a.yaml:2: error: this is not a Kubernetes object, which starts with apiVersion, kind and metadata'],
    ['a list', '- a\n', 'a.yaml:1: error: this is not a Kubernetes object, which starts with apiVersion, kind and metadata'],
    ['an object without metadata', 'apiVersion: v1\nkind: X\n', 'a.yaml:1: error: this is not a Kubernetes object: metadata is missing'],
    ['an object with nothing', 'spec: {}\n', 'a.yaml:1: error: this is not a Kubernetes object: apiVersion and kind and metadata are missing'],
    [
      'null for metadata',
      `${object}---\napiVersion: v1\nkind: X\nmetadata:\n`,
      'a.yaml:5: error: this is not a Kubernetes object: metadata is missing',
    ],
    [
      'a list item that is none',
      'apiVersion: v1\nkind: List\nitems:\n- 5\n',
      'a.yaml:4: error: this is not a Kubernetes object, which starts with apiVersion, kind and metadata',
    ],
  ];
  for (const [title, text, problem] of broken) {
    it(`refuses ${title}`, () => expect(problemsOf({ 'a.yaml': text })).to.deep.equal([problem]));
  }

  it('tells what is wrong with all files at once', () => {
    expect(problemsOf({ 'a.yaml': 'x', 'b.yaml': object, 'c.yaml': 'y: *z' }, ['a.yaml', 'b.yaml', 'c.yaml', 'd.yaml'])).to.deep.equal([
      'd.yaml: error: no such file or directory',
      'a.yaml:1: error: this is not a Kubernetes object, which starts with apiVersion, kind and metadata',
      'c.yaml:1: error: not valid YAML: Unresolved alias (the anchor must be set before the alias): z',
    ]);
  });

  it('refuses a directory without manifests', () => {
    withFiles({}, (directory) => expect(() => readManifests([directory])).to.throw(ManifestError, 'no .yaml, .yml or .json file in this directory'));
  });
});
