import { expect } from 'chai';
import { start } from './start-engine.ts';

const variables = ['NCCL_IB_HCA', 'NVSHMEM_HCA_LIST', 'UCX_NET_DEVICES', 'NCCL_IB_GID_INDEX', 'NVSHMEM_IB_GID_INDEX', 'UCX_IB_GID_INDEX'] as const;

interface Adapter {
  state?: string;
  /** Type and address by GID index. */
  gids: Record<number, [type: string, address: string]>;
}

const IPV4 = '0000:0000:0000:0000:0000:ffff:0a00:0001';
const IPV6 = 'fe80:0000:0000:0000:0000:0000:0000:0001';
const roce = (...indices: number[]): Adapter => ({
  gids: Object.fromEntries([0, 1, 2, 3, 10].map((i) => [i, indices.includes(i) ? ['RoCE v2', IPV4] : ['IB/RoCE v1', IPV6]])),
});

/** The files the kernel shows for some adapters. */
function infiniband(adapters: Record<string, Adapter>): Record<string, string> {
  const files = Object.entries(adapters).flatMap(([name, { state = '4: ACTIVE', gids }]) => [
    [`${name}/ports/1/state`, state],
    ...Object.entries(gids).flatMap(([index, [type, address]]) => [
      [`${name}/ports/1/gid_attrs/types/${index}`, type],
      [`${name}/ports/1/gids/${index}`, address],
    ]),
  ]);
  return Object.fromEntries(files);
}

function discover(adapters: Record<string, Adapter>, env: Record<string, string> = { KSERVE_INFER_ROCE: 'true' }) {
  const started = start({ preset: 'config-llm-template', infiniband: infiniband(adapters), env });
  expect(started.argv[0], 'the engine starts in every case').to.equal('vllm');
  return { log: started.log, found: Object.fromEntries(variables.filter((name) => started.env[name]).map((name) => [name, started.env[name]])) };
}

const indices = (index: string) => ({ NCCL_IB_GID_INDEX: index, NVSHMEM_IB_GID_INDEX: index, UCX_IB_GID_INDEX: index });
const adapters = (...names: string[]) => ({
  NCCL_IB_HCA: names.join(','),
  NVSHMEM_HCA_LIST: names.map((name) => `${name}:1`).join(','),
  UCX_NET_DEVICES: names.map((name) => `${name}:1`).join(','),
});

describe('RoCE discovery (R2b.21)', () => {
  it('happens only when it is asked for by exactly `true`', () => {
    expect(discover({ mlx5_0: roce(3) }, {}).found).to.deep.equal({});
    expect(discover({ mlx5_0: roce(3) }, { KSERVE_INFER_ROCE: 'True' }).found).to.deep.equal({});
  });

  it('names the adapters and the GID index they use', () => {
    const { found, log } = discover({ mlx5_0: roce(3), mlx5_1: roce(3) });
    expect(found).to.deep.equal({ ...adapters('mlx5_0', 'mlx5_1'), ...indices('3') });
    expect(log).to.contain('[Infer RoCE]');
  });

  it('passes over adapters that are down, of another make, or without the type', () => {
    const { found } = discover({ mlx5_0: { ...roce(3), state: '1: DOWN' }, mlx5_1: roce(), mlx5_2: roce(1), bnxt_0: roce(3) });
    expect(found).to.deep.equal({ ...adapters('mlx5_2'), ...indices('1') });
  });

  it('warns and leaves everything alone when no adapter fits', () => {
    const { found, log } = discover({ mlx5_0: roce() });
    expect(found).to.deep.equal({});
    expect(log).to.contain('warning: no active mlx5 adapter');
  });

  it('reports an error when no index has an address mapped from IPv4', () => {
    const { found, log } = discover({ mlx5_0: { gids: { 2: ['RoCE v2', IPV6] } } });
    expect(found).to.deep.equal(adapters('mlx5_0'));
    expect(log).to.contain('error: no GID index');
  });

  it('lets every adapter vote for its first index', () => {
    expect(discover({ mlx5_0: roce(1), mlx5_1: roce(2), mlx5_2: roce(2) }).found).to.include(indices('2'));
    expect(discover({ mlx5_0: roce(1, 3), mlx5_1: roce(1, 3) }).found).to.include(indices('1'));
  });

  it('prefers index 3 on a tie, else the lowest', () => {
    expect(discover({ mlx5_0: roce(1), mlx5_1: roce(3) }).found).to.include(indices('3'));
    expect(discover({ mlx5_0: roce(10), mlx5_1: roce(2) }).found).to.include(indices('2'));
  });

  it('looks for another type when told', () => {
    const env = { KSERVE_INFER_ROCE: 'true', KSERVE_INFER_IB_GID_INDEX_GREP: 'RoCE v1' };
    expect(discover({ mlx5_0: { gids: { 0: ['IB/RoCE v1', IPV4], 3: ['RoCE v2', IPV4] } } }, env).found).to.include(indices('0'));
  });

  it('keeps what the user set, and takes the NCCL index for the others', () => {
    const env = { KSERVE_INFER_ROCE: 'true', NCCL_IB_GID_INDEX: '5', UCX_IB_GID_INDEX: '6', NCCL_IB_HCA: 'mlx5_9', UCX_NET_DEVICES: '' };
    expect(discover({ mlx5_0: roce(3) }, env).found).to.deep.equal({
      ...adapters('mlx5_0'),
      NCCL_IB_HCA: 'mlx5_9',
      NCCL_IB_GID_INDEX: '5',
      NVSHMEM_IB_GID_INDEX: '5',
      UCX_IB_GID_INDEX: '6',
    });
  });
});
