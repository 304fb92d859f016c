import { expect } from 'chai';
import fc from 'fast-check';
import { errorBody } from '../../../api/field-error.ts';
import type { SchemaNode } from '../../../api/schema/node.ts';
import { resources } from '../../../api/schema/resources.ts';
import { checkStructure, withDefaults } from '../../../api/structure.ts';
import { acceptedSpecs, refusedOffline, refusedSpecs } from '../../support/structure-cases.ts';

const service = (spec: unknown, version = 'v1alpha2') => ({
  apiVersion: `serving.kserve.io/${version}`,
  kind: 'LLMInferenceService',
  metadata: { name: 'qwen' },
  ...(spec === undefined ? {} : { spec }),
});
const config = (spec: unknown, version = 'v1alpha2') => ({ ...service(spec, version), kind: 'LLMInferenceServiceConfig' });
const faults = (object: unknown): string[] => checkStructure(object).map((error) => `${error.field}: ${errorBody(error)}`);

describe('checkStructure', () => {
  for (const [title, spec] of acceptedSpecs) it(`accepts ${title}`, () => expect(faults(service(spec))).to.deep.equal([]));

  for (const [title, spec, expected] of [...refusedSpecs, ...refusedOffline]) {
    it(`refuses ${title}`, () => expect(faults(service(spec)).sort()).to.deep.equal([expected].flat().sort()));
  }

  describe('the table of cases', () => {
    const asPattern = (path: string): string => path.replace(/\[\d+\]/g, '[]');

    function* rulesOf(node: SchemaNode, path: string): Generator<{ path: string; message: string }> {
      for (const { message } of node['x-kubernetes-validations'] ?? []) yield { path, message };
      for (const [name, child] of Object.entries(node.properties ?? {})) yield* rulesOf(child, path === '' ? name : `${path}.${name}`);
      if (node.items) yield* rulesOf(node.items, `${path}[]`);
    }

    function* pathsOf(value: unknown, path: string): Generator<string> {
      yield path;
      if (Array.isArray(value)) for (const item of value) yield* pathsOf(item, `${path}[]`);
      else if (typeof value === 'object' && value !== null) for (const [name, item] of Object.entries(value)) yield* pathsOf(item, `${path}.${name}`);
    }

    /** A default (R1.7) and an enum come first. */
    const unreachable = ['minReplicas is required when idleReplicaCount is set', "type must be one of ['Exact', 'PathPrefix', 'RegularExpression']"];
    const rules = [...rulesOf(resources.LLMInferenceService.v1alpha2, '')].filter(
      // What is said of `spec.scaling` holds for `spec.prefill.scaling`, which is the same schema.
      ({ path, message }) => path.startsWith('spec') && !path.startsWith('spec.prefill.scaling') && !unreachable.includes(message),
    );

    it('breaks every rule there is (R1.6)', () => {
      const broken = new Set(refusedSpecs.flatMap(([, , errors]) => [errors].flat()).map((error) => asPattern(error)));
      const missing = rules.filter(({ path, message }) => !broken.has(`${path}: Invalid value: ${message}`));
      expect(missing).to.deep.equal([]);
      expect(rules).to.have.lengthOf.above(100);
    });

    it('keeps every rule there is', () => {
      const kept = new Set(acceptedSpecs.flatMap(([, spec]) => [...pathsOf(withDefaults(service(spec)).spec, 'spec')]));
      expect(rules.filter(({ path }) => !kept.has(path))).to.deep.equal([]);
    });
  });

  it('knows the fields of each version (R1 §2.9)', () => {
    expect(faults(service({ model: { uri: 'a', criticality: 'Critical' } }, 'v1alpha1'))).to.deep.equal([]);
    expect(faults(service({ model: { uri: 'a', criticality: 'Critical' } }))).to.have.lengthOf(1);
    expect(faults(service({ kvCacheOffloading: { cpu: '1Gi' } }, 'v1alpha1'))).to.deep.equal([
      'spec.kvCacheOffloading: Forbidden: unknown field "spec.kvCacheOffloading"',
    ]);
    const pool = { selector: { app: 'x' }, targetPortNumber: 8000, extensionRef: { name: 'a', failureMode: 'FailOpen' } };
    expect(faults(service({ router: { scheduler: { pool: { spec: pool } } } }, 'v1alpha1'))).to.deep.equal([]);
    expect(faults(service({ router: { scheduler: { pool: { spec: { ...pool, extensionRef: { name: 'a' } } } } } }, 'v1alpha1'))).to.deep.equal([
      'spec.router.scheduler.pool.spec.extensionRef.failureMode: Required value',
    ]);
  });

  it('lets a config hold templates, a service not (R1.13)', () => {
    const spec = { router: { route: { http: { spec: { parentRefs: [{ name: 'a', namespace: '{{ .GlobalConfig.IngressGatewayNamespace }}' }] } } } } };
    expect(faults(config(spec))).to.deep.equal([]);
    expect(faults(service(spec))).to.have.lengthOf(1);
  });

  it('keeps checking what is outside of the templated parts of a config (R1.14)', () => {
    expect(faults(config({ router: { route: { group: '{{ .Name }}' } }, prefill: { replicas: -1 }, scaling: { maxReplicas: 1 } }))).to.have.lengthOf(
      3,
    );
  });

  it('refuses other kinds and versions', () => {
    expect(faults({ apiVersion: 'v1', kind: 'Pod' })).to.have.lengthOf(1);
    expect(faults(service({}, 'v1beta1'))).to.have.lengthOf(1);
    expect(faults('text')).to.have.lengthOf(1);
  });

  it('answers for any JSON', () => {
    fc.assert(fc.property(fc.jsonValue(), (spec) => Array.isArray(checkStructure(service(spec)))));
  });
});

describe('withDefaults', () => {
  const specOf = (spec: unknown): unknown => (withDefaults(service(spec)) as { spec?: unknown }).spec;

  it('writes the defaults of the schema (R1.60, R2.40)', () => {
    expect(specOf({ scaling: { maxReplicas: 3, wva: { hpa: {} } }, kvCacheOffloading: { cpu: '1Gi' }, baseRefs: [{}] })).to.deep.equal({
      scaling: { minReplicas: 1, maxReplicas: 3, wva: { variantCost: '10.0', hpa: {} } },
      kvCacheOffloading: { cpu: '1Gi', evictionPolicy: 'lru' },
      baseRefs: [{ name: '' }],
    });
    expect(specOf({ template: { containers: [{ name: 'main', ports: [{ containerPort: 8000 }] }] } })).to.deep.equal({
      template: { containers: [{ name: 'main', ports: [{ containerPort: 8000, protocol: 'TCP' }] }] },
    });
  });

  it('completes an empty route with a rule for every path (R1.5)', () => {
    expect(specOf({ router: { route: { http: { spec: {} } } } })).to.deep.equal({
      router: { route: { http: { spec: { rules: [{ matches: [{ path: { type: 'PathPrefix', value: '/' } }] }] } } } },
    });
  });

  it('drops nulls, and a null where there is a default becomes the default', () => {
    expect(specOf({ replicas: null, kvCacheOffloading: { cpu: '1Gi', evictionPolicy: null } })).to.deep.equal({
      kvCacheOffloading: { cpu: '1Gi', evictionPolicy: 'lru' },
    });
  });

  it('keeps unknown fields and other kinds', () => {
    expect(specOf({ modle: { a: null } })).to.deep.equal({ modle: { a: null } });
    const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'a' } };
    expect(withDefaults(pod)).to.equal(pod);
  });

  it('changes nothing the second time, and never its input', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (spec) => {
        const object = service(spec);
        const before = JSON.stringify(object);
        const once = withDefaults(object);
        expect(withDefaults(once)).to.deep.equal(once);
        expect(JSON.stringify(object)).to.equal(before);
      }),
    );
  });
});
