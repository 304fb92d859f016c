import { expect } from 'chai';
import { errorBody } from '../../../../api/field-error.ts';
import type { LLMInferenceServiceSpec } from '../../../../api/types.ts';
import { changesWhatWasSet, validateConfigFields } from '../../../../api/validate/config.ts';

const errorsOf = (spec?: LLMInferenceServiceSpec): string[] =>
  validateConfigFields({
    apiVersion: 'serving.kserve.io/v1alpha2',
    kind: 'LLMInferenceServiceConfig',
    metadata: { name: 'c' },
    ...(spec ? { spec } : {}),
  }).map((e) => `${e.type} ${e.field}: ${errorBody(e)}`);

describe('validation of a config (R1.73)', () => {
  it('refuses baseRefs', () =>
    expect(errorsOf({ baseRefs: [{ name: 'other' }] })).to.deep.equal([
      'Forbidden spec.baseRefs: Forbidden: baseRefs is not a permitted field in LLMInferenceServiceConfig, support for recursive refs has been disabled',
    ]));
  it('refuses a scheduler without replicas', () =>
    expect(errorsOf({ router: { scheduler: { replicas: -1 } } })).to.deep.equal([
      'Invalid spec.router.scheduler.replicas: Invalid value: -1: scheduler replicas must be greater than zero',
    ]));
  it('checks nothing else', () => {
    expect(errorsOf()).to.deep.equal([]);
    expect(errorsOf({ baseRefs: [] })).to.deep.equal([]);
    expect(
      errorsOf({ worker: {}, replicas: 1, scaling: { maxReplicas: 0 }, router: { route: { weight: 1 }, scheduler: { config: {} } } }),
    ).to.deep.equal([]);
  });
});

/** Old spec, new spec, and whether the change is worth a warning. */
const changes: [string, object | undefined, object | undefined, boolean][] = [
  ['nothing is nothing', undefined, undefined, false],
  ['a first spec', undefined, { replicas: 1 }, false],
  ['an added field', { replicas: 1 }, { replicas: 1, model: { uri: 'u' } }, false],
  ['an added field inside an object', { model: { uri: 'u' } }, { model: { uri: 'u', name: 'n' } }, false],
  ['an added container', { template: { containers: [{ name: 'a' }] } }, { template: { containers: [{ name: 'a' }, { name: 'b' }] } }, false],
  ['an added label', { labels: { a: '1' } }, { labels: { a: '1', b: '2' } }, false],
  ['a number that can be absent, added', { parallelism: { tensor: 1 } }, { parallelism: { tensor: 1, data: 2 } }, false],
  ['a quantity in other words', { kvCacheOffloading: { cpu: '1Gi' } }, { kvCacheOffloading: { cpu: '1024Mi' } }, false],
  ['an empty list filled', { baseRefs: [] }, { baseRefs: [{ name: 'a' }] }, false],
  ['an empty map removed', { labels: {} }, {}, false],
  ['an empty text filled', { model: { uri: '' } }, { model: { uri: 'u' } }, false],
  ['a changed text', { model: { uri: 'u' } }, { model: { uri: 'v' } }, true],
  ['a removed text', { model: { uri: 'u', name: 'n' } }, { model: { uri: 'u' } }, true],
  ['a changed number', { replicas: 1 }, { replicas: 2 }, true],
  ['a number that can be absent, set to zero before', { replicas: 0 }, {}, true],
  ['a removed object', { tracing: {} }, {}, true],
  ['a removed spec', { replicas: 1 }, undefined, true],
  ['a changed container', { template: { containers: [{ name: 'a', image: 'x' }] } }, { template: { containers: [{ name: 'a', image: 'y' }] } }, true],
  ['a shorter list', { template: { containers: [{ name: 'a' }, { name: 'b' }] } }, { template: { containers: [{ name: 'a' }] } }, true],
  ['another order', { baseRefs: [{ name: 'a' }, { name: 'b' }] }, { baseRefs: [{ name: 'b' }, { name: 'a' }] }, true],
  ['a removed label', { labels: { a: '1', b: '2' } }, { labels: { a: '1' } }, true],
  ['a changed quantity', { kvCacheOffloading: { cpu: '1Gi' } }, { kvCacheOffloading: { cpu: '2Gi' } }, true],
  ['a boolean switched off', { parallelism: { expert: true } }, { parallelism: { expert: false } }, true],
  ['a boolean that is never absent, switched on', { parallelism: { tensor: 1 } }, { parallelism: { tensor: 1, expert: true } }, true],
  ['such a boolean, said to be off', { parallelism: { tensor: 1 } }, { parallelism: { tensor: 1, expert: false } }, false],
  ['a boolean that can be absent, added', { storageInitializer: {} }, { storageInitializer: { enabled: false } }, false],
  [
    'a changed scheduler configuration',
    { router: { scheduler: { config: { inline: { a: 1 } } } } },
    { router: { scheduler: { config: { inline: { a: 2 } } } } },
    true,
  ],
];

describe('a change of a well-known config (R1.78)', () => {
  for (const [what, old, current, expected] of changes) {
    it(`${what}: ${expected ? 'warns' : 'goes without a word'}`, () => expect(changesWhatWasSet(old, current)).to.equal(expected));
  }
});
