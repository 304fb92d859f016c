import { expect } from 'chai';
import type { Container } from '../../../api/kubernetes.ts';
import type { LoRASpec, PodTemplate } from '../../../api/types.ts';
import type { ResolvedAdapter } from '../../../assemble/adapters.ts';
import { attachModel } from '../../../render/storage.ts';
import { ask } from '../../support/answers.ts';
import { pod, workloadContext } from '../../support/workload-fixtures.ts';

const adapter = (name: string, uri: string): ResolvedAdapter => ({
  name,
  uri,
  scheme: uri.slice(0, uri.indexOf('://')) as ResolvedAdapter['scheme'],
  mountPath: `/mnt/lora/${name.replace(/[^A-Za-z0-9._-]/g, '-')}`,
});

const fromClaim = adapter('discharge', 'pvc://store/llama/discharge');
const fromHub = adapter('radiology', 'hf://acme/radiology');

function attach(
  adapters: readonly ResolvedAdapter[],
  options: { uri?: string; lora?: LoRASpec; main?: Partial<Container>; template?: PodTemplate } = {},
) {
  const { uri = 'hf://meta/llama', lora = {}, main = {}, template = pod(main) } = options;
  const context = workloadContext({ adapters, spec: { model: { uri, name: 'llama', lora } } });
  const result = ask(
    attachModel(context, template, { container: 'main', path: '/mnt/models', account: undefined, livePodSpec: undefined, lora: true }),
  );
  return result as PodTemplate & { message?: string };
}

const argsOf = (podSpec: PodTemplate) => podSpec.containers?.[0]?.args;
const initArgs = (podSpec: PodTemplate) => podSpec.initContainers?.at(-1)?.args;

describe('attaching LoRA adapters', () => {
  it("puts the flags before the user's arguments, every adapter by both of its names", () => {
    const result = attach([adapter('billing/icd10', 's3://models/icd10'), fromHub], {
      lora: { maxRank: 32, maxAdapters: 3, maxCpuAdapters: 6 },
      main: { args: ['--max-num-seqs=64'] },
    });
    expect(argsOf(result)).to.deep.equal([
      '--enable-lora',
      '--max-lora-rank=32',
      '--max-loras=3',
      '--max-cpu-loras=6',
      '--lora-modules',
      `'{"name":"billing/icd10","path":"/mnt/lora/billing-icd10"}'`,
      `'{"name":"publishers/ml/models/billing/icd10","path":"/mnt/lora/billing-icd10"}'`,
      `'{"name":"radiology","path":"/mnt/lora/radiology"}'`,
      `'{"name":"publishers/ml/models/radiology","path":"/mnt/lora/radiology"}'`,
      '--max-num-seqs=64',
    ]);
  });

  it('downloads them together with the model', () => {
    const result = attach([fromHub]);
    expect(initArgs(result)).to.deep.equal(['hf://meta/llama', '/mnt/models', 'hf://acme/radiology', '/mnt/lora/radiology']);
    expect(result.initContainers?.[0]?.volumeMounts).to.deep.equal([{ name: 'kserve-provision-location', mountPath: '/mnt' }]);
    expect(result.containers?.[0]?.volumeMounts).to.deep.equal([{ name: 'kserve-provision-location', mountPath: '/mnt', readOnly: true }]);
  });

  it("downloads only them where the model is on a claim, with the user's overlay", () => {
    const template = pod({}, { initContainers: [{ name: 'storage-initializer', image: 'mine' }] });
    const result = attach([fromHub], { uri: 'pvc://models/llama', template });
    expect(result.initContainers).to.have.length(1);
    expect(result.initContainers?.[0]).to.deep.include({ image: 'mine', args: ['hf://acme/radiology', '/mnt/lora/radiology'] });
    expect(result.containers?.[0]?.volumeMounts?.map(({ mountPath }) => mountPath)).to.deep.equal(['/mnt/models', '/mnt/lora/radiology']);
  });

  it('downloads next to a modelcar into a place of their own', () => {
    const result = attach([fromHub], { uri: 'oci://image' });
    expect(result.initContainers?.map(({ name }) => name)).to.deep.equal(['modelcar-init', 'storage-initializer']);
    expect(result.containers?.[0]?.volumeMounts).to.deep.equal([
      { name: 'kserve-provision-location', mountPath: '/mnt' },
      { name: 'kserve-provision-location', mountPath: '/mnt/lora/radiology', readOnly: true },
    ]);
  });

  it('mounts those on claims, and downloads nothing for them', () => {
    const result = attach([fromClaim]);
    expect(initArgs(result)).to.deep.equal(['hf://meta/llama', '/mnt/models']);
    expect(result.volumes).to.deep.include({ name: 'lora-pvc-discharge', persistentVolumeClaim: { claimName: 'store' } });
    expect(result.containers?.[0]?.volumeMounts).to.deep.include({
      name: 'lora-pvc-discharge',
      mountPath: '/mnt/lora/discharge',
      readOnly: true,
      subPath: 'llama/discharge',
    });
  });

  for (const [name, volume] of [
    ['a-rather-long-adapter-name-for-the-fourth-quarter-of-the-fiscal-year', /^lora-pvc-6627cba1e8f3ce3a3a59f7d2fb00a3e4a-rather-long-adapter$/],
    ['Team/Billing_v1.0', /^lora-pvc-team-billing-v1-0-[0-9a-f]{8}$/],
    ['x'.repeat(50).concat('_'), /^lora-pvc-x{40}-[0-9a-f]{8}$/],
    ['@@@', /^lora-pvc-+[0-9a-f]{8}$/],
  ] as const) {
    it(`names the volume of ${name} so that a pod may have it`, () => {
      const names = attach([adapter(name, 'pvc://store')])
        .volumes?.map((v) => v.name)
        .filter((n) => n.startsWith('lora'));
      expect(names?.[0])
        .to.match(volume)
        .and.match(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/);
    });
  }

  it('protects a quote in a name from the shell', () => {
    expect(argsOf(attach([adapter("it's", 'hf://a/b')]))).to.include(`'{"name":"it'\\''s","path":"/mnt/lora/it-s"}'`);
  });

  for (const [title, main] of [
    ['arguments', { args: ['--lora-modules', 'x=y'] }],
    ['a command', { command: ['bash', '-c', 'vllm serve --lora-modules=x'] }],
    ['the variable for more arguments', { env: [{ name: 'VLLM_ADDITIONAL_ARGS', value: '--lora-modules x=y' }] }],
  ] as [string, Partial<Container>][]) {
    it(`leaves the arguments to a user who configures adapters by ${title}, and still downloads`, () => {
      const result = attach([fromHub], { main });
      expect(argsOf(result)).to.deep.equal(main.args);
      expect(initArgs(result)).to.have.length(4);
    });
  }

  it('adds arguments where the variable cannot be looked into', () => {
    const env = [{ name: 'VLLM_ADDITIONAL_ARGS', valueFrom: { secretKeyRef: { name: 's', key: 'k' } } }];
    expect(argsOf(attach([fromHub], { main: { env } }))?.[0]).to.equal('--enable-lora');
  });

  it('needs the container', () => {
    expect(attach([fromHub], { template: pod({ name: 'vllm' }) }).message).to.equal('no container "main" in pod spec for LoRA injection');
  });

  it('decrypts confidential models also when adapters come along', () => {
    const context = workloadContext({ adapters: [fromHub], spec: { model: { uri: 'hf://a/b', name: 'llama', confidential: { enabled: true } } } });
    const result = ask(
      attachModel(context, pod(), { container: 'main', path: '/mnt/models', account: undefined, livePodSpec: undefined, lora: true }),
    );
    expect((result as PodTemplate).initContainers?.[0]?.env?.[0]).to.deep.equal({ name: 'CONFIDENTIAL_ENABLED', value: 'true' });
  });
});
