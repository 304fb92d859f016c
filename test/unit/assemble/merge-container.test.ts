import { expect } from 'chai';
import type { Container } from '../../../api/kubernetes.ts';
import { mergeContainer } from '../../../assemble/merge-container.ts';

const base: Container = {
  name: 'c',
  image: 'i',
  args: ['a'],
  env: [{ name: 'A', value: '1' }],
  volumeMounts: [{ name: 'v', mountPath: '/v' }],
  resources: { limits: { cpu: '1', memory: '1Gi' } },
};

describe('merging changes over a container', () => {
  it('goes by names, paths and keys, and leaves the rest', () => {
    const changes = {
      env: [
        { name: 'B', value: '2' },
        { name: 'A', value: '3' },
      ],
      volumeMounts: [{ name: 'v', mountPath: '/v', readOnly: true }],
      resources: { limits: { memory: '8192Mi' } },
      image: '',
    };
    expect(mergeContainer(base, changes)).to.deep.equal({
      ...base,
      env: [
        { name: 'B', value: '2' },
        { name: 'A', value: '3' },
      ],
      volumeMounts: [{ name: 'v', mountPath: '/v', readOnly: true }],
      resources: { limits: { cpu: '1', memory: '8Gi' } },
    });
  });

  it('needs the key of every element', () => {
    const withoutPath = [{ name: 'v' }] as Container['volumeMounts'];
    expect(mergeContainer(base, { volumeMounts: withoutPath ?? [] })).to.have.property('rejected', true);
  });
});
