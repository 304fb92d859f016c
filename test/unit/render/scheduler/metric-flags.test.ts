import { expect } from 'chai';
import { isRejection, type Rejection } from '../../../../api/rejection.ts';
import type { PodTemplate } from '../../../../api/types.ts';
import { readYaml, writeYaml } from '../../../../render/scheduler/config-yaml.ts';
import { filterFlags } from '../../../../render/scheduler/flags.ts';
import { pickerGate } from '../../../../render/scheduler/gate.ts';
import { type Migrated, migrate } from '../../../../render/scheduler/migrate.ts';

const text = (plugins: object[] = []): string => writeYaml({ kind: 'EndpointPickerConfig', plugins });

function run(version: string, podSpec: PodTemplate): Migrated | Rejection {
  const gate = pickerGate({ 'app.kubernetes.io/version': version }, undefined);
  return isRejection(gate) ? gate : migrate(podSpec, { deployment: 'ml/picker', gate });
}

function migrated(version: string, podSpec: PodTemplate): Migrated {
  const result = run(version, podSpec);
  if (isRejection(result)) throw new Error(result.message);
  return result;
}

function pluginsOf(version: string, podSpec: PodTemplate): { type: string; name?: string; parameters: Record<string, unknown> }[] {
  const args = migrated(version, podSpec).podSpec.containers?.[0]?.args ?? [];
  return (readYaml(args[args.findIndex((arg) => /config-?text/i.test(arg)) + 1] ?? '') as { plugins: ReturnType<typeof pluginsOf> }).plugins;
}

const messageOf = (result: Migrated | Rejection): string => (isRejection(result) ? result.message : 'no rejection');
const main = (args: string[], command?: string[]): PodTemplate => ({
  containers: [{ name: 'main', args, ...(command === undefined ? {} : { command }) }],
});

describe('taking flags out of arguments (R4.131)', () => {
  const names = ['total-queued-requests-metric', 'cache-info-metric'];
  const cases: [string[], string[], [string, string][]][] = [
    [['--a', '--b=c'], ['--a', '--b=c'], []],
    [['--a', '--total-queued-requests-metric', 'm', '--b'], ['--a', '--b'], [['total-queued-requests-metric', 'm']]],
    [['--total-queued-requests-metric=m'], [], [['total-queued-requests-metric', 'm']]],
    [['-total-queued-requests-metric=m=n'], [], [['total-queued-requests-metric', 'm=n']]],
    [['--total-queued-requests-metric'], [], [['total-queued-requests-metric', '']]],
    [['--total-queued-requests-metric', '--other'], ['--other'], [['total-queued-requests-metric', '']]],
    [['--total-queued-requests-metric=', 'm'], [], [['total-queued-requests-metric', 'm']]],
    [['--cache-info-metric=a', '--cache-info-metric=b'], [], [['cache-info-metric', 'b']]],
    [['total-queued-requests-metric'], ['total-queued-requests-metric'], []],
    [[], [], []],
  ];
  for (const [args, left, extracted] of cases) {
    it(`${JSON.stringify(args)} leaves ${JSON.stringify(left)}`, () => {
      const result = filterFlags(args, names);
      expect(result.left).to.deep.equal(left);
      expect([...result.extracted]).to.deep.equal(extracted);
    });
  }
});

describe('the metric flags that 0.7.0 refuses', () => {
  const flag = '--kv-cache-usage-percentage-metric';

  it('need an inline config to go to (R4.50, R4.133)', () => {
    for (const args of [
      [flag, 'x'],
      [`-${flag}=x`, '--config-file', '/f'],
    ]) {
      expect(messageOf(run('0.7.0', main(args)))).to.contain('uses deprecated metric flags but has no inline --config-text');
      expect(messageOf(run('0.7.0', main(args)))).to.match(/^failed to apply scheduler migrations: /);
    }
    const sidecar: PodTemplate = {
      containers: [
        { name: 'main', args: [] },
        { name: 'other', args: ['--lora-info-metric=x'] },
      ],
    };
    expect(messageOf(run('0.7.0', sidecar))).to.contain('uses deprecated metric flags');
    expect(migrated('0.7.0', main(['--config-file', '/f'])).podSpec).to.deep.equal(main(['--config-file', '/f']));
    expect(migrated('0.6.0', main([flag, 'x'])).podSpec).to.deep.equal(main([flag, 'x']));
  });

  for (const spelling of ['--config-text', '-config-text', '--configText', '-configText']) {
    it(`move into the config given as ${spelling} (R4.133)`, () => {
      const { podSpec } = migrated('0.7.0', main([flag, 'x', spelling, text()]));
      expect(podSpec.containers?.[0]?.args?.[0]).to.equal(spelling);
      expect(podSpec.containers?.[0]?.args).to.have.length(2);
    });
  }

  it('become a plugin, completed with what the picker would read itself (R4.51, B4.14)', () => {
    expect(pluginsOf('0.7.0', main([flag, 'my:usage', '--lora-info-metric=', '--config-text', text([{ type: 'a' }])]))).to.deep.equal([
      { type: 'a' },
      {
        name: 'model-server-protocol-metrics',
        type: 'model-server-protocol-metrics',
        parameters: {
          engineLabelKey: 'inference.networking.k8s.io/engine-type',
          defaultEngine: 'vllm',
          engineConfigs: [
            {
              name: 'vllm',
              queuedRequestsSpec: 'vllm:num_requests_waiting',
              runningRequestsSpec: 'vllm:num_requests_running',
              kvUsageSpec: 'my:usage',
              loraSpec: '',
              cacheInfoSpec: 'vllm:cache_config_info',
            },
          ],
        },
      },
    ]);
  });

  it('become the extractor of newer pickers, with their label (B4b.5)', () => {
    const [plugin] = pluginsOf('0.10.0', main([flag, 'x', '--config-text', text()]));
    expect(plugin?.type).to.equal('core-metrics-extractor');
    expect(plugin?.name).to.equal('core-metrics-extractor');
    expect(plugin?.parameters.engineLabelKey).to.equal('llm-d.ai/engine-type');
    expect(pluginsOf('0.8.0', main([flag, 'x', '--config-text', text()]))[0]?.parameters.engineLabelKey).to.equal(
      'inference.networking.k8s.io/engine-type',
    );
  });

  it('of the last container count alone', () => {
    const pod: PodTemplate = {
      containers: [
        { name: 'main', args: ['--config-text', text(), '--total-queued-requests-metric=a'] },
        { name: 'other', args: ['--cache-info-metric=b', '--c'] },
      ],
    };
    const [plugin] = pluginsOf('0.7.0', pod);
    const engines = plugin?.parameters.engineConfigs as Record<string, string>[] | undefined;
    expect(engines?.[0]).to.include({ queuedRequestsSpec: 'vllm:num_requests_waiting', cacheInfoSpec: 'b' });
    expect(migrated('0.7.0', pod).podSpec.containers?.[1]?.args).to.deep.equal(['--c']);
  });

  it('are dropped when the config declares the plugin', () => {
    for (const type of ['model-server-protocol-metrics', 'core-metrics-extractor']) {
      const plugins = pluginsOf('0.8.0', main([flag, 'x', '--config-text', text([{ type }])]));
      expect(plugins).to.deep.equal([{ type: 'core-metrics-extractor' }]);
    }
  });
});

describe('the flags about model server metrics that 0.10.0 does not know (R4.60)', () => {
  const inline = ['--config-text', text()];

  it('stay before 0.10.0', () => {
    const pod = main(inline, ['/app/epp', '--model-server-metrics-scheme=https']);
    expect(migrated('0.9.9', pod).podSpec.containers?.[0]?.command).to.deep.equal(['/app/epp', '--model-server-metrics-scheme=https']);
    expect(pluginsOf('0.9.9', pod)).to.deep.equal([]);
  });

  const cases: [string, string[], object | undefined][] = [
    ['scheme', ['--model-server-metrics-scheme=https'], { scheme: 'https' }],
    ['path', ['--model-server-metrics-path', '/m'], { path: '/m' }],
    ['empty scheme and path', ['--model-server-metrics-scheme=', '--model-server-metrics-path='], undefined],
    ['skip-verify without value', ['--model-server-metrics-https-insecure-skip-verify'], { insecureSkipVerify: true }],
    ['skip-verify false', ['--model-server-metrics-https-insecure-skip-verify=F'], { insecureSkipVerify: false }],
    ['port alone', ['--model-server-metrics-port=9000'], undefined],
    ['port with another one (B4.15)', ['--model-server-metrics-port=9000', '--model-server-metrics-path=/m'], { path: '/m', port: 9000 }],
  ];
  for (const [title, flags, parameters] of cases) {
    it(`become a data source: ${title}`, () => {
      const pod: PodTemplate = {
        containers: [
          { name: 'main', args: inline },
          { name: 'other', command: ['x'], args: flags },
        ],
      };
      expect(pluginsOf('0.10.0', pod)).to.deep.equal(parameters === undefined ? [] : [{ type: 'metrics-data-source', parameters }]);
      expect(migrated('0.10.0', pod).podSpec.containers?.[1]).to.deep.equal({ name: 'other', command: ['x'], args: [] });
    });
  }

  it('complete a declared data source without overruling it (B4.15)', () => {
    const own = { type: 'metrics-data-source', name: 'mine', parameters: { path: '/own' } };
    const flags = ['--model-server-metrics-scheme=https', '--model-server-metrics-path=/m'];
    expect(pluginsOf('0.10.0', main([...flags, '--config-text', text([own])]))).to.deep.equal([
      { ...own, parameters: { path: '/own', scheme: 'https' } },
    ]);
  });

  it('need an inline config to go to, except a port', () => {
    const flags = [
      '--model-server-metrics-path=/m',
      '--model-server-metrics-https-insecure-skip-verify',
      '--model-server-metrics-port=1',
      '--config-file',
      '/f',
    ];
    const message = messageOf(run('0.10.0', main(flags)));
    expect(message).to.contain('--model-server-metrics-https-insecure-skip-verify, --model-server-metrics-path');
    expect(message).to.contain('no inline --config-text');
    expect(messageOf(run('0.10.0', main(['--model-server-metrics-scheme=https'])))).to.contain('--model-server-metrics-scheme');
    expect(migrated('0.10.0', main(['--model-server-metrics-port=1', '--config-file', '/f'])).podSpec).to.deep.equal(main(['--config-file', '/f']));
  });

  it('are only reported when nobody asked for them: the preset brings one under TLS (B4.16)', () => {
    const result = migrated('0.10.0', main(['--config-file', '/f'], ['/app/epp', '--model-server-metrics-scheme=https']));
    expect(result.podSpec).to.deep.equal(main(['--config-file', '/f'], ['/app/epp']));
    expect(result.notes).to.have.length(1);
  });

  it('must say yes or no where that is asked', () => {
    const message = messageOf(run('0.10.0', main(['--model-server-metrics-https-insecure-skip-verify=maybe', ...inline])));
    expect(message).to.contain('invalid value "maybe" for --model-server-metrics-https-insecure-skip-verify');
  });
});
