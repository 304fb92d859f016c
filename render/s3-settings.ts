import type { EnvVar } from '../api/kubernetes.ts';
import type { CredentialSettings } from '../assemble/settings.ts';
import type { Context } from './children.ts';

type Texts = Readonly<Record<string, string>> | undefined;
type S3Field = keyof CredentialSettings['s3'];

/** Where the value of a setting comes from: annotation suffix, data key (also the variable), configured field (R3.235). */
const plainSettings: readonly (readonly [annotation: string, variable: string, field: S3Field])[] = [
  ['s3-verifyssl', 'S3_VERIFY_SSL', 'verifySSL'],
  ['s3-useanoncredential', 'awsAnonymousCredential', 'useAnonymousCredential'],
  ['s3-region', 'AWS_DEFAULT_REGION', 'region'],
  ['s3-usevirtualbucket', 'S3_USER_VIRTUAL_BUCKET', 'useVirtualBucket'],
  ['s3-useaccelerate', 'S3_USE_ACCELERATE', 'useAccelerate'],
  ['s3-cabundle', 'AWS_CA_BUNDLE', 'caBundle'],
  ['s3-cabundle-configmap', 'AWS_CA_BUNDLE_CONFIGMAP', 'caBundleConfigMap'],
];

/**
 * S3 settings from the annotations of a Secret or account, the data of the Secret (base64), or the configuration, in this
 * order of precedence; what is empty is left out (R3.235). An annotation that is there but empty hides the lower levels.
 */
export function s3Settings({ settings }: Context, annotations: Texts, data: Texts): EnvVar[] {
  const value = (annotation: string, key: string, field: S3Field): string => {
    const inData = data?.[key];
    const decoded = inData === undefined ? undefined : Buffer.from(inData, 'base64').toString();
    return annotations?.[`serving.kserve.io/${annotation}`] ?? decoded ?? settings.credentials.s3[field];
  };
  const endpoint = value('s3-endpoint', 'S3_ENDPOINT', 'endpoint').trim();
  const useHttps = value('s3-usehttps', 'S3_USE_HTTPS', 'useHttps');
  const plain = plainSettings.map(([annotation, name, field]) => ({ name, value: value(annotation, name, field) }));
  return [...(endpoint === '' ? [] : endpointEnv(endpoint, useHttps)), ...plain].filter((entry) => entry.value !== '');
}

/** A scheme in the endpoint decides about HTTPS; without one the setting does, and HTTPS is the default. */
function endpointEnv(endpoint: string, useHttps: string): { name: string; value: string }[] {
  const scheme = /^(https?):\/\//i.exec(endpoint);
  const url = `${useHttps === '0' ? 'http' : 'https'}://${endpoint}`;
  return [
    { name: 'S3_USE_HTTPS', value: scheme === null ? useHttps : scheme[1]?.toLowerCase() === 'https' ? '1' : '0' },
    { name: 'S3_ENDPOINT', value: scheme === null ? endpoint : endpoint.slice(scheme[0].length) },
    { name: 'AWS_ENDPOINT_URL', value: scheme === null ? url : endpoint },
  ];
}
