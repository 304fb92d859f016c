import { expect } from 'chai';
import { isRejection } from '../../../api/rejection.ts';
import type { LLMInferenceServiceSpec } from '../../../api/types.ts';
import { mergeSpecs } from '../../../assemble/merge.ts';
import { merge } from './fixtures.ts';

type Spec = LLMInferenceServiceSpec;

const containers = (...list: object[]): Spec => ({ template: { containers: list } }) as Spec;

describe('order of keyed lists (R2.37)', () => {
  const names = (text: string): Spec => containers(...[...text].map((name) => ({ name })));
  const table: [string, string, string][] = [
    ['az', 'bz', 'baz'],
    ['x', 'y', 'yx'],
    ['m', 'mt', 'mt'],
    ['abc', 'c', 'abc'],
    ['ab', 'na', 'nab'],
    ['abc', 'ca', 'bca'],
    ['abc', 'abc', 'abc'],
    ['abcd', 'xdyb', 'xacdyb'],
  ];
  for (const [base, patch, expected] of table) {
    it(`${base} and ${patch} give ${expected}`, () => expect(merge(names(base), names(patch))).to.deep.equal(names(expected)));
  }

  it('takes the list of the override as it is when the base has none', () => {
    expect(merge({ replicas: 1 }, names('ba'))).to.deep.equal({ replicas: 1, ...names('ba') });
  });

  it('merges a repeated key into the first when the base has the list', () => {
    const twice = containers({ name: 'a', image: '1' }, { name: 'a', tty: true });
    expect(merge(names('b'), twice)).to.deep.equal(containers({ name: 'a', image: '1', tty: true }, { name: 'b' }));
    expect(merge({ replicas: 1 }, twice)).to.deep.equal({ replicas: 1, ...twice });
  });

  it('merges ports by number, mounts by path and volumes by name', () => {
    const merged = merge(
      {
        template: {
          containers: [{ name: 'main', ports: [{ containerPort: 8000, protocol: 'TCP' }], volumeMounts: [{ mountPath: '/a', name: 'x' }] }],
        },
      },
      {
        template: { containers: [{ name: 'main', ports: [{ containerPort: 8000, name: 'http' }], volumeMounts: [{ mountPath: '/a', name: 'y' }] }] },
      },
    );
    expect(merged.template?.containers?.[0]).to.deep.equal({
      name: 'main',
      ports: [{ containerPort: 8000, protocol: 'TCP', name: 'http' }],
      volumeMounts: [{ mountPath: '/a', name: 'y' }],
    });
  });

  it('fails when an element has no key, and says which layer and where', () => {
    const result = mergeSpecs([
      { origin: 'Preset:kserve/p', spec: names('a') },
      { origin: 'UserRef:ns/c', spec: containers({ image: 'x' }) },
    ]);
    expect(result).to.include({
      reason: 'CombineBaseError',
      message: 'failed to merge specs: UserRef:ns/c: spec.template.containers[0] does not contain declared merge key: name',
    });
  });
});

describe('special cases of the merge (R2.39)', () => {
  it('lets the higher member of a pod-level union win', () => {
    const merged = merge(
      {
        template: {
          volumes: [{ name: 'model-cache', emptyDir: {} }],
          containers: [
            {
              name: 'main',
              livenessProbe: { httpGet: { port: 8000 }, periodSeconds: 10 },
              lifecycle: { preStop: { exec: { command: ['sleep'] } } },
              env: [{ name: 'TOKEN', value: 'x' }],
            },
          ],
        },
      },
      {
        template: {
          volumes: [{ name: 'model-cache', persistentVolumeClaim: { claimName: 'c' } }],
          containers: [
            {
              name: 'main',
              livenessProbe: { exec: { command: ['true'] } },
              lifecycle: { preStop: { sleep: { seconds: 5 } } },
              env: [{ name: 'TOKEN', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } }],
            },
          ],
        },
      },
    );
    expect(merged.template).to.deep.equal({
      volumes: [{ name: 'model-cache', persistentVolumeClaim: { claimName: 'c' } }],
      containers: [
        {
          name: 'main',
          livenessProbe: { exec: { command: ['true'] }, periodSeconds: 10 },
          lifecycle: { preStop: { sleep: { seconds: 5 } } },
          env: [{ name: 'TOKEN', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } }],
        },
      ],
    });
  });

  it('merges the same member of a union', () => {
    const merged = merge(
      { template: { volumes: [{ name: 'dshm', emptyDir: { medium: 'Memory' } }] } },
      { template: { volumes: [{ name: 'dshm', emptyDir: { sizeLimit: '8Gi' } }] } },
    );
    expect(merged.template?.volumes).to.deep.equal([{ name: 'dshm', emptyDir: { medium: 'Memory', sizeLimit: '8Gi' } }]);
  });

  it('keeps both members of the unions that admission checks', () => {
    const merged = merge(
      { replicas: 2, scaling: { maxReplicas: 3, wva: {} } },
      { scaling: { maxReplicas: 3, keda: { triggers: [{ type: 'cron', metadata: {} }] } } },
    );
    expect(merged.replicas).to.equal(2);
    expect(merged.scaling).to.have.keys('maxReplicas', 'wva', 'keda');
  });

  const config = (value: object): object => ({ router: { scheduler: { config: value } } });

  it('replaces an inline scheduler config as a whole', () => {
    expect(merge(config({ inline: { kind: 'A', plugins: [{ type: 'x' }] } }), config({ inline: { plugins: [{ type: 'y' }] } }))).to.deep.equal(
      config({ inline: { plugins: [{ type: 'y' }] } }),
    );
  });

  it('lets inline and ref of a scheduler config replace each other', () => {
    expect(merge(config({ ref: { name: 'r', key: '' } }), config({ inline: { a: 1 } }))).to.deep.equal(config({ inline: { a: 1 } }));
    expect(merge(config({ inline: { a: 1 } }), config({ ref: { name: 'r', key: '' } }))).to.deep.equal(config({ ref: { name: 'r', key: '' } }));
  });

  const selector = (nodeSelector: object): object => ({ template: { nodeSelector } });

  it('understands $patch in maps', () => {
    expect(merge(selector({ a: '1' }), selector({ $patch: 'replace', b: '2' }))).to.deep.equal(selector({ b: '2' }));
    expect(merge(selector({ a: '1' }), selector({ $patch: 'delete' }))).to.deep.equal(selector({}));
    expect(merge({ template: { hostname: 'h' } }, selector({ $patch: 'replace', b: '2' }))).to.deep.equal({ template: { hostname: 'h' } });
    expect(
      isRejection(
        mergeSpecs([
          { origin: 'a', spec: selector({ a: '1' }) },
          { origin: 'b', spec: selector({ $patch: 'merge' }) },
        ]),
      ),
    ).to.equal(true);
  });
});
