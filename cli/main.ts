#!/usr/bin/env node
import { Command, Option } from 'commander';
import { packagePath, packageVersion } from './package-files.ts';
import { endWith } from './report-error.ts';
import { kubeconfigOption, runCommand, systemNamespaceOption, withGoSpelling } from './run-command.ts';

const DEFAULT_PRESETS = packagePath('presets');

const presetsOption = () =>
  new Option('--presets <path>', 'directory with the well-known LLMInferenceServiceConfigs').default(DEFAULT_PRESETS, 'those of this release');
const settingsOption = () =>
  new Option('--settings <file>', 'manifest of the ConfigMap inferenceservice-config (default: that of a plain installation)');
const fileOption = () =>
  new Option('-f, --filename <path...>', 'manifest file, directory of manifests, or - for standard input; may be repeated').makeOptionMandatory();

const program = new Command('llmisvc')
  .description('Control plane of KServe’s LLMInferenceService: from fifteen lines of YAML to running llm-d primitives.')
  .version(packageVersion())
  .enablePositionalOptions()
  .showHelpAfterError('(add --help for what this command takes)')
  .addHelpText(
    'after',
    `
Start here:
  llmisvc demo                       see a service come up on a control plane of your own
  llmisvc validate -f service.yaml   check a manifest without a cluster
  llmisvc render -f service.yaml     see what it would become
  llmisvc diff -f service.yaml       see what would change in the cluster
  llmisvc run --embedded             run the operator against a control plane of its own
  llmisvc install --help             prepare a cluster for the operator`,
  );

program
  .command('validate')
  .description(
    'Check LLMInferenceServices and LLMInferenceServiceConfigs without a cluster: unknown fields, types, and everything the webhooks check.',
  )
  .addOption(fileOption())
  .addOption(presetsOption())
  .addOption(settingsOption())
  .addHelpText(
    'after',
    `
Prints "FILE:LINE: error: Kind/name: field: what is wrong". An error is what a cluster would refuse, a warning what it would
accept but cannot serve. Exits 1 when there is an error, 0 otherwise.`,
  )
  .action(async (options: { filename: string[]; presets: string; settings?: string }) => {
    const { printFinding, validateFiles } = await import('./validate.ts');
    const { findings, checked } = validateFiles(options.filename, options);
    for (const finding of findings) console.error(printFinding(finding));
    const errors = findings.filter((f) => f.level === 'error').length;
    const warnings = findings.length - errors;
    console.log(
      `${checked} ${checked === 1 ? 'object' : 'objects'} checked: ${errors} ${errors === 1 ? 'error' : 'errors'}, ${warnings} ${warnings === 1 ? 'warning' : 'warnings'}`,
    );
    process.exitCode = errors > 0 ? 1 : 0;
  });

program
  .command('render')
  .description(
    'Print the objects that the LLMInferenceServices in files become. Needs no cluster: configs, Gateways and Secrets are taken from the files.',
  )
  .addOption(fileOption())
  .addOption(presetsOption())
  .addOption(settingsOption())
  .option('-n, --namespace <name>', 'namespace of objects that state none', 'default')
  .option('--explain', 'print the effective specs instead, with the preset, baseRef, service or default that each value comes from')
  .action(async (options: { filename: string[]; presets: string; settings?: string; namespace: string; explain?: boolean }) => {
    if (options.explain) {
      const { explainFiles } = await import('./effective-spec.ts');
      process.stdout.write(explainFiles(options.filename, options));
      return;
    }
    const { printObjects, renderFiles } = await import('./render.ts');
    process.stdout.write(printObjects(renderFiles(options.filename, options, console.error)));
  });

program
  .command('diff')
  .description('Show which objects of services would change, and how, if these files were applied: against the cluster, or against other files.')
  .addOption(fileOption())
  .option('--against <path...>', 'compare with the services of these files instead; no cluster is needed')
  .addOption(presetsOption())
  .addOption(settingsOption())
  .option('-n, --namespace <name>', 'namespace of objects that state none (default: that of the kubeconfig, else default)')
  .addOption(kubeconfigOption())
  .addOption(systemNamespaceOption())
  .addHelpText(
    'after',
    `
Writes a unified diff to standard output and a summary to standard error. Configs among the files count, too: every service of the
cluster that uses one is compared. Nothing is written to the cluster; who runs this needs to read what the operator reads.
--presets and --settings are for --against. Exits 0 when nothing would change, 1 when something would, 2 when that cannot be told.`,
  )
  .action(async (options: import('./diff-command.ts').DiffOptions) => {
    const { diff } = await import('./diff-command.ts');
    const compare = async (): Promise<void> => {
      process.exitCode = (await diff(options)) ? 1 : 0;
    };
    await endWith(compare(), 2);
  });

program
  .command('explain')
  .description('Say what a field means: its type, default, permitted values, bounds, rules, and the fields below it.')
  .argument('[field]', 'path such as spec.router.scheduler.config; the whole object without it', '')
  .addOption(new Option('--version <version>', 'version of the API').choices(['v1alpha1', 'v1alpha2']).default('v1alpha2'))
  .option('--config', 'explain LLMInferenceServiceConfig instead of LLMInferenceService')
  .action(async (field: string, options: { version: 'v1alpha1' | 'v1alpha2'; config?: boolean }) => {
    const { explainField } = await import('./explain.ts');
    const kind = options.config ? 'LLMInferenceServiceConfig' : 'LLMInferenceService';
    process.stdout.write(explainField(field, { kind, version: options.version }));
  });

program
  .command('install')
  .description(
    'Install what the operator needs into a cluster: namespace, CRDs, permissions, presets, ConfigMap and webhook configurations. Running it again updates them.',
  )
  .addOption(kubeconfigOption())
  .option('--webhook-url <url>', 'call webhooks at this URL instead of the in-cluster Service, for an operator that runs outside of the cluster')
  .option(
    '--webhook-ca <file>',
    'CA certificate (PEM) that the webhook’s certificate is signed by; without it cert-manager supplies it, or the operator itself',
  )
  .addHelpText(
    'after',
    `
It does not start the operator: the chart charts/kserve-llmisvc-resources does, or "llmisvc run" on a machine that the API server reaches:
  llmisvc install --webhook-url https://HOST:9443 --webhook-ca ca.crt
  llmisvc run --webhook-cert-dir DIRECTORY      tls.crt and tls.key for HOST, signed by ca.crt
Once webhooks are installed, services and configs can be written only while an operator answers them.`,
  )
  .action(async (options: { kubeconfig?: string; webhookUrl?: string; webhookCa?: string }) => {
    const { install } = await import('./install.ts');
    await install(options);
  });

program.addCommand(runCommand('run'));

program
  .command('demo')
  .description('Start a control plane, install the operator into it, apply an example and watch it become ready.')
  .option('--keep', 'leave everything running afterwards and print how to point kubectl at it')
  .addOption(
    new Option('-f, --filename <path...>', 'manifests to apply; the services among them are expected to become ready').default(
      [packagePath('examples/qwen2.5-7b-single-gpu.yaml')],
      'examples/qwen2.5-7b-single-gpu.yaml',
    ),
  )
  .action(async (options: { keep?: boolean; filename: string[] }) => {
    const { demo } = await import('./demo.ts');
    await demo(options);
  });

// Whoever reads the output may have seen enough of it: `llmisvc render … | head`.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});

const [node, main, command, ...rest] = process.argv as [string, string, ...string[]];
await endWith(program.parseAsync(command === 'run' ? [node, main, command, ...withGoSpelling(rest)] : process.argv));
