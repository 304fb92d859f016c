import { expect } from 'chai';
import fc from 'fast-check';
import { kinds } from '../../../api/kinds.ts';
import { differences, sharedKeys } from '../../../controllers/runtime/compare.ts';
import { shapeOf } from '../../../controllers/runtime/known-defaults.ts';
import type { Json, Shape } from '../../../controllers/runtime/shape.ts';

const nothing = { accepts: () => false, drops: () => false };
const dropping = (...pointers: string[]) => ({ accepts: () => false, drops: (pointer: string) => pointers.includes(pointer) });
const podPatch = (desired: Json, observed: Json) =>
  differences(shapeOf(kinds.deployment), { spec: { template: { spec: desired } } }, { spec: { template: { spec: observed } } }, nothing);

const inPart: Shape = { shared: (key) => key.startsWith('x/') };

describe('differences', () => {
  const table: [string, Shape, Json, Json, Json | undefined][] = [
    ['nothing where nothing differs', {}, { a: 1, b: [{ c: 'x' }] }, { a: 1, b: [{ c: 'x' }] }, undefined],
    ['only the fields that differ', {}, { a: 1, b: { c: 2, d: 3 } }, { a: 1, b: { c: 2, d: 4 } }, { b: { d: 3 } }],
    ['what is missing', {}, { a: { b: 1 } }, {}, { a: { b: 1 } }],
    ['null for what has to go', {}, { a: 1 }, { a: 1, b: 2 }, { b: null }],
    ['lists whole', {}, { l: [1, 2] }, { l: [1, 3] }, { l: [1, 2] }],
    ['a list when its order differs', {}, { l: ['a', 'b'] }, { l: ['b', 'a'] }, { l: ['a', 'b'] }],
    ['no difference between empty and absent', {}, { a: '', b: [], c: {} }, { d: {}, e: [], f: '' }, undefined],
    ['a difference between false and absent', {}, { a: false }, {}, { a: false }],
    ['none between false and absent where the server stores false as absence', { zero: ['a'] }, { a: false }, {}, undefined],
    ['no null of the desired object', {}, { a: { b: null, c: [{ d: null, e: 1 }] } }, {}, { a: { c: [{ e: 1 }] } }],
    ['text and number as different', {}, { port: '80' }, { port: 80 }, { port: '80' }],
    ['amounts by value', { fields: { cpu: { quantity: true } } }, { cpu: '1000m' }, { cpu: '1' }, undefined],
    ['a default as absent', { defaults: { a: 5 } }, {}, { a: 5 }, undefined],
    ['another value than the default', { defaults: { a: 5 } }, {}, { a: 6 }, { a: null }],
    ['an object of defaults as absent', { fields: { o: { defaults: { a: 5 } } } }, {}, { o: { a: 5 } }, undefined],
    ['assigned fields as right, whatever they are', { assigned: ['ip'] }, {}, { ip: '10.0.0.1' }, undefined],
    ['an assigned field that is stated', { assigned: ['ip'] }, { ip: 'None' }, { ip: '10.0.0.1' }, { ip: 'None' }],
    ['foreign keys of shared maps as right', { fields: { m: { shared: true } } }, { m: { a: '1' } }, { m: { a: '1', b: '2' } }, undefined],
    ['our keys of shared maps', { fields: { m: { shared: true } } }, { m: { a: '1' } }, { m: { a: '9', b: '2' } }, { m: { a: '1' } }],
    [
      'foreign keys of a map that is shared in part',
      { fields: { m: inPart } },
      { m: { a: '1' } },
      { m: { a: '1', 'x/b': '2', c: '' } },
      { m: { c: null } },
    ],
    ['foreign keys of such a map where we have none', { fields: { m: inPart } }, {}, { m: { 'x/b': '2', c: '3' } }, { m: { c: null } }],
    ['nothing of such a map where only permitted keys are left', { fields: { m: inPart } }, {}, { m: { 'x/b': '2' } }, undefined],
  ];
  for (const [text, shape, desired, observed, expected] of table) {
    it(`gives ${text}`, () => expect(differences(shape, desired, observed, nothing)).to.deep.equal(expected));
  }

  it('removes the keys of shared maps that were ours, also when none is left', () => {
    const shape: Shape = { fields: { metadata: { fields: { labels: { shared: true } } } } };
    expect(differences(shape, { metadata: {} }, { metadata: { labels: { a: '1', b: '2' } } }, dropping('/metadata/labels/a'))).to.deep.equal({
      metadata: { labels: { a: null } },
    });
  });

  it('keeps the elements of others in shared lists, and removes ours that we dropped', () => {
    const shape: Shape = { fields: { l: { sharedBy: (e) => String(e.name) } } };
    const observed = { l: [{ name: 'theirs' }, { name: 'ours' }, { name: 'old' }] };
    expect(differences(shape, { l: [{ name: 'ours' }] }, observed, nothing)).to.equal(undefined);
    expect(differences(shape, { l: [{ name: 'ours' }, { name: 'new' }] }, observed, dropping('/l/old'))).to.deep.equal({
      l: [{ name: 'theirs' }, { name: 'ours' }, { name: 'new' }],
    });
    expect(differences(shape, {}, observed, nothing)).to.equal(undefined);
  });

  it('accepts a difference the server made of our write, and no other', () => {
    const accepts = (path: string, desired: unknown, observed: unknown) => path === '/a' && desired === undefined && observed === 1;
    expect(differences({}, {}, { a: 1 }, { accepts, drops: () => false })).to.equal(undefined);
    expect(differences({}, {}, { a: 2 }, { accepts, drops: () => false })).to.deep.equal({ a: null });
  });

  it('finds nothing to do after its own patch was merged', () => {
    const leaf = fc.oneof(fc.integer({ min: 1, max: 3 }), fc.constantFrom('x', 'y'), fc.boolean());
    const json = fc.letrec<{ node: unknown; map: Record<string, unknown> }>((tie) => ({
      node: fc.oneof({ depthSize: 'small' }, leaf, fc.array(leaf, { minLength: 1, maxLength: 2 }), tie('map')),
      map: fc.dictionary(fc.constantFrom('a', 'b', 'c'), tie('node'), { maxKeys: 3 }),
    }));
    fc.assert(
      fc.property(json.map, json.map, (desired, observed) => {
        const patch = differences({}, desired, observed, nothing);
        const merged = patch ? mergePatch(observed, patch) : observed;
        expect(differences({}, desired, merged as Json, nothing)).to.equal(undefined);
      }),
    );
  });
});

/** RFC 7386. */
function mergePatch(target: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch;
  const result: Record<string, unknown> = typeof target === 'object' && target !== null && !Array.isArray(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else result[key] = mergePatch(result[key], value);
  }
  return result;
}

describe('the shape of autoscalers', () => {
  const keys = ['autoscaling.keda.sh/paused', 'scaledobject.keda.sh/name', 'argocd.argoproj.io/tracking-id', 'example.com/note'];
  const foreign = Object.fromEntries(keys.map((key) => [key, 'x']));
  const observed = { metadata: { labels: foreign, annotations: foreign, finalizers: ['finalizer.keda.sh'] } };
  for (const kind of [kinds.horizontalPodAutoscaler, kinds.scaledObject]) {
    it(`has what steers KEDA stay on a ${kind.kind}, and what the installation names (06 §12 item 6)`, () => {
      const removed = (...gone: string[]) => Object.fromEntries(gone.map((key) => [key, null]));
      const some = removed('argocd.argoproj.io/tracking-id', 'example.com/note');
      expect(differences(shapeOf(kind), { metadata: {} }, observed, nothing)).to.deep.equal({ metadata: { labels: some, annotations: some } });
      const one = removed('example.com/note');
      expect(differences(shapeOf(kind, ['argocd.argoproj.io/']), { metadata: {} }, observed, nothing)).to.deep.equal({
        metadata: { labels: one, annotations: one },
      });
    });
  }

  it('is not that of other kinds', () => expect(differences(shapeOf(kinds.deployment), { metadata: {} }, observed, nothing)).to.equal(undefined));
});

describe('the shape of pods', () => {
  it('notices a removed variable, volume or container', () => {
    const base = { containers: [{ name: 'main', image: 'i:v1', env: [{ name: 'A', value: '1' }] }] };
    const observed = {
      containers: [
        {
          name: 'main',
          image: 'i:v1',
          imagePullPolicy: 'IfNotPresent',
          env: [
            { name: 'A', value: '1' },
            { name: 'B', value: '2' },
          ],
        },
      ],
      volumes: [{ name: 'v', emptyDir: {} }],
    };
    expect(podPatch(base, observed)).to.deep.equal({ spec: { template: { spec: { containers: base.containers, volumes: null } } } });
  });

  it('notices a probe that has to go', () => {
    const observed = {
      containers: [{ name: 'main', livenessProbe: { httpGet: { path: '/health', port: 8000, scheme: 'HTTP' }, periodSeconds: 10 } }],
    };
    expect(podPatch({ containers: [{ name: 'main' }] }, observed)).to.not.equal(undefined);
  });

  for (const [image, policy] of [
    ['vllm', 'Always'],
    ['vllm:latest', 'Always'],
    ['vllm:v1', 'IfNotPresent'],
    ['localhost:5000/vllm', 'Always'],
    ['vllm@sha256:00', 'IfNotPresent'],
    ['vllm:latest@sha256:00', 'Always'],
  ] as const) {
    it(`expects pull policy ${policy} for ${image}`, () => {
      expect(podPatch({ containers: [{ image }] }, { containers: [{ image, imagePullPolicy: policy }] })).to.equal(undefined);
    });
  }
});

describe('sharedKeys', () => {
  it('escapes keys as JSON pointers do', () => {
    expect(sharedKeys(shapeOf(kinds.secret), { metadata: { labels: { 'a/b~c': '' } } })).to.deep.equal(['/metadata/labels/a~1b~0c']);
  });
});
