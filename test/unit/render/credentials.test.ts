import { expect } from 'chai';
import type { EnvVar } from '../../../api/kubernetes.ts';
import { isRejection } from '../../../api/rejection.ts';
import { addCredentials, type Credentials, credentialsOf } from '../../../render/credentials.ts';
import { s3Settings } from '../../../render/s3-settings.ts';
import { ask } from '../../support/answers.ts';
import { account, secret, workloadContext } from '../../support/workload-fixtures.ts';

const fromSecret = (name: string, key = name, secretName = 's'): EnvVar => ({ name, valueFrom: { secretKeyRef: { name: secretName, key } } });

function credentials(values: Record<string, string>, overrides: Parameters<typeof workloadContext>[0] = {}) {
  const result = ask(credentialsOf(workloadContext(overrides), account('reader', { secrets: ['s'] })), [secret('s', values)]);
  if (isRejection(result)) throw new Error(result.message);
  return result;
}

describe('the credentials of a Secret', () => {
  const cases: [string, Record<string, string>, EnvVar[]][] = [
    [
      'S3 keys by their default names',
      { awsSecretAccessKey: 'x' },
      [fromSecret('AWS_ACCESS_KEY_ID', 'awsAccessKeyID'), fromSecret('AWS_SECRET_ACCESS_KEY', 'awsSecretAccessKey')],
    ],
    ['a storage key of Azure', { AZURE_STORAGE_ACCESS_KEY: 'x' }, [fromSecret('AZURE_STORAGE_ACCESS_KEY')]],
    [
      'headers for a host, which stay in the Secret',
      { 'https-host': 'files.example.com', headers: 'a: b' },
      [fromSecret('files.example.com-headers', 'headers')],
    ],
    ['a host without headers', { 'https-host': 'files.example.com' }, []],
    ['a hub token', { HF_TOKEN: 'x' }, [fromSecret('HF_TOKEN')]],
    ['a ModelScope token', { MODELSCOPE_API_TOKEN: 'x' }, [fromSecret('MODELSCOPE_API_TOKEN')]],
    ['nothing known', { password: 'x' }, []],
    ['several things: the first of the table', { HF_TOKEN: 'x', AZURE_STORAGE_ACCESS_KEY: 'y' }, [fromSecret('AZURE_STORAGE_ACCESS_KEY')]],
    [
      'Azure by its old keys: the tenant even when it is missing',
      { AZ_CLIENT_ID: 'x' },
      [fromSecret('AZURE_TENANT_ID'), fromSecret('AZURE_CLIENT_ID', 'AZ_CLIENT_ID')],
    ],
    [
      'Azure by its new keys',
      { AZURE_CLIENT_ID: 'x', AZURE_TENANT_ID: 't', AZURE_SERVICE_URL: 'u' },
      [fromSecret('AZURE_TENANT_ID'), fromSecret('AZURE_CLIENT_ID'), fromSecret('AZURE_SERVICE_URL')],
    ],
  ];
  for (const [title, values, env] of cases) {
    it(`are ${title}`, () => expect(credentials(values)).to.deep.equal({ env, volumes: [] }));
  }

  it('are a file for Google Cloud', () => {
    expect(credentials({ 'gcloud-application-credentials.json': '{}' })).to.deep.equal({
      env: [{ name: 'GOOGLE_APPLICATION_CREDENTIALS', value: '/var/secrets/gcloud-application-credentials.json' }],
      volumes: [
        { volume: { name: 'user-gcp-sa', secret: { secretName: 's' } }, mount: { name: 'user-gcp-sa', mountPath: '/var/secrets/', readOnly: true } },
      ],
    });
  });

  it('are files for HDFS', () => {
    expect(credentials({ HDFS_NAMENODE: 'x' }).volumes).to.deep.equal([
      {
        volume: { name: 'hdfs-secrets', secret: { secretName: 's' } },
        mount: { name: 'hdfs-secrets', mountPath: '/var/secrets/kserve-hdfscreds', readOnly: true },
      },
    ]);
  });

  it('are S3 keys by configured names, with settings from the Secret', () => {
    const s3 = { accessKeyIdName: 'AWS_ACCESS_KEY_ID', secretAccessKeyName: 'AWS_SECRET_ACCESS_KEY' };
    expect(credentials({ AWS_SECRET_ACCESS_KEY: 'x', S3_ENDPOINT: 'minio:9000', S3_USE_HTTPS: '0' }, { s3 }).env).to.deep.equal([
      fromSecret('AWS_ACCESS_KEY_ID'),
      fromSecret('AWS_SECRET_ACCESS_KEY'),
      { name: 'S3_USE_HTTPS', value: '0' },
      { name: 'S3_ENDPOINT', value: 'minio:9000' },
      { name: 'AWS_ENDPOINT_URL', value: 'http://minio:9000' },
    ]);
  });
});

describe('the credentials of an account', () => {
  it('are those of all its Secrets, in order', () => {
    const objects = [secret('a', { HF_TOKEN: 'x' }), secret('b', { MODELSCOPE_API_TOKEN: 'y' })];
    const result = ask(credentialsOf(workloadContext(), account('reader', { secrets: ['b', 'a'] })), objects);
    expect(result)
      .to.have.property('env')
      .that.deep.equals([fromSecret('MODELSCOPE_API_TOKEN', 'MODELSCOPE_API_TOKEN', 'b'), fromSecret('HF_TOKEN', 'HF_TOKEN', 'a')]);
  });

  it('are only those of the Secret that the service names', () => {
    const context = workloadContext({ metadata: { annotations: { 'serving.kserve.io/storageSecretName': 'mine' } } });
    const objects = [secret('mine', { HF_TOKEN: 'x' }), secret('a', { MODELSCOPE_API_TOKEN: 'y' })];
    expect(ask(credentialsOf(context, account('reader', { secrets: ['a'] })), objects))
      .to.have.property('env')
      .that.deep.equals([fromSecret('HF_TOKEN', 'HF_TOKEN', 'mine')]);
  });

  it('are those of the account where the service names the empty Secret', () => {
    const context = workloadContext({ metadata: { annotations: { 'serving.kserve.io/storageSecretName': '' } } });
    const result = ask(credentialsOf(context, account('reader', { secrets: ['a'] })), [secret('a', { HF_TOKEN: 'x' })]);
    expect(result)
      .to.have.property('env')
      .that.deep.equals([fromSecret('HF_TOKEN', 'HF_TOKEN', 'a')]);
  });

  it('are S3 settings without keys where it assumes an AWS role', () => {
    const annotations = { 'eks.amazonaws.com/role-arn': 'arn', 'serving.kserve.io/s3-region': 'eu-central-1' };
    expect(ask(credentialsOf(workloadContext(), account('reader', { annotations })))).to.deep.equal({
      env: [{ name: 'AWS_DEFAULT_REGION', value: 'eu-central-1' }],
      volumes: [],
    });
  });

  it('are the keys and the endpoint of one S3 Secret, never a mixture of two', () => {
    const objects = [
      secret('a', { awsSecretAccessKey: 'x', S3_ENDPOINT: 'https://one' }),
      secret('b', { awsSecretAccessKey: 'y', S3_ENDPOINT: 'https://two', AWS_DEFAULT_REGION: 'r' }),
    ];
    const { env } = ask(credentialsOf(workloadContext(), account('reader', { secrets: ['a', 'b'] })), objects) as Credentials;
    expect(env.find(({ name }) => name === 'AWS_ENDPOINT_URL')?.value).to.equal('https://one');
    expect(env.map(({ name }) => name)).to.not.include('AWS_DEFAULT_REGION');
  });

  it('cannot be had when a Secret is missing', () => {
    expect(ask(credentialsOf(workloadContext(), account('reader', { secrets: ['gone'] }))))
      .to.have.property('message')
      .that.contains('secrets "gone" not found');
  });

  it('cannot be had from an account without name', () => {
    expect(ask(credentialsOf(workloadContext(), {}))).to.have.property(
      'message',
      'invalid service account spec received. Missing name and/or namespace',
    );
  });

  it('keep the place of a variable that is stated twice, and its last value', () => {
    const env = [{ name: 'A', value: '1' }, fromSecret('B'), { name: 'A', value: '2' }];
    const result = addCredentials({ initContainers: [{ name: 'i' }] }, 'i', { env, volumes: [] });
    expect(result.initContainers?.[0]?.env).to.deep.equal([{ name: 'A', value: '2' }, fromSecret('B')]);
  });

  it('replace variables of the same name, whatever these were', () => {
    const template = {
      initContainers: [
        {
          name: 'i',
          env: [
            { name: 'AWS_ACCESS_KEY_ID', value: 'mine' },
            { name: 'B', value: 'b' },
          ],
        },
      ],
    };
    const result = addCredentials(template, 'i', { env: [fromSecret('AWS_ACCESS_KEY_ID'), fromSecret('HF_TOKEN')], volumes: [] });
    expect(result.initContainers?.[0]?.env).to.deep.equal([fromSecret('AWS_ACCESS_KEY_ID'), { name: 'B', value: 'b' }, fromSecret('HF_TOKEN')]);
  });
});

describe('S3 settings', () => {
  const settings = (annotations: Record<string, string>, data: Record<string, string> = {}, s3 = {}) => {
    const encoded = Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString('base64')]));
    return s3Settings(workloadContext({ s3 }), annotations, encoded).map(({ name, value }) => `${name}=${value}`);
  };
  const endpoint = (value: string, useHttps?: string) =>
    settings({ 'serving.kserve.io/s3-endpoint': value, ...(useHttps === undefined ? {} : { 'serving.kserve.io/s3-usehttps': useHttps }) });

  for (const [given, useHttps, expected] of [
    ['https://minio', undefined, ['S3_USE_HTTPS=1', 'S3_ENDPOINT=minio', 'AWS_ENDPOINT_URL=https://minio']],
    [' HTTP://minio ', '1', ['S3_USE_HTTPS=0', 'S3_ENDPOINT=minio', 'AWS_ENDPOINT_URL=HTTP://minio']],
    ['minio', undefined, ['S3_ENDPOINT=minio', 'AWS_ENDPOINT_URL=https://minio']],
    ['minio', '0', ['S3_USE_HTTPS=0', 'S3_ENDPOINT=minio', 'AWS_ENDPOINT_URL=http://minio']],
    ['minio', '1', ['S3_USE_HTTPS=1', 'S3_ENDPOINT=minio', 'AWS_ENDPOINT_URL=https://minio']],
  ] as const) {
    it(`of endpoint "${given}" with usehttps ${useHttps}`, () => expect(endpoint(given, useHttps)).to.deep.equal(expected));
  }

  it('need an endpoint for a word about HTTPS', () => expect(settings({ 'serving.kserve.io/s3-usehttps': '0' })).to.deep.equal([]));

  it('come from annotation, then data, then configuration', () => {
    const s3 = { region: 'c', verifySSL: 'c', useAccelerate: 'c' };
    expect(settings({ 'serving.kserve.io/s3-region': 'a' }, { AWS_DEFAULT_REGION: 'd', S3_VERIFY_SSL: 'd' }, s3)).to.deep.equal([
      'S3_VERIFY_SSL=d',
      'AWS_DEFAULT_REGION=a',
      'S3_USE_ACCELERATE=c',
    ]);
  });

  it('are hidden by an empty annotation', () => {
    expect(settings({ 'serving.kserve.io/s3-region': '' }, { AWS_DEFAULT_REGION: 'd' }, { region: 'c' })).to.deep.equal([]);
  });

  it('come in a fixed order', () => {
    const suffixes = [
      's3-cabundle-configmap',
      's3-cabundle',
      's3-useaccelerate',
      's3-usevirtualbucket',
      's3-region',
      's3-useanoncredential',
      's3-verifyssl',
    ];
    const annotations = Object.fromEntries(suffixes.map((suffix) => [`serving.kserve.io/${suffix}`, 'v']));
    expect(settings(annotations)).to.deep.equal([
      'S3_VERIFY_SSL=v',
      'awsAnonymousCredential=v',
      'AWS_DEFAULT_REGION=v',
      'S3_USER_VIRTUAL_BUCKET=v',
      'S3_USE_ACCELERATE=v',
      'AWS_CA_BUNDLE=v',
      'AWS_CA_BUNDLE_CONFIGMAP=v',
    ]);
  });
});
