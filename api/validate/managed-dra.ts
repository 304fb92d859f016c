import { type FieldError, invalid, required } from '../field-error.ts';
import { annotations as keys } from '../metadata.ts';
import { draCelSelectors, draContainerName, draDeviceClass, draDeviceCount } from '../predicates.ts';
import { isRejection } from '../rejection.ts';

const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;

const field = (key: string): string => `metadata.annotations[${key}]`;

/** Checks the managed-DRA annotations (V50 - V56). Values are reported as written, blanks included (R1.72). */
export function validateManagedDra(annotations: Readonly<Record<string, string>> | undefined): FieldError[] {
  const given = annotations ?? {};
  const raw = (key: string): string => given[key] ?? '';
  const errors: FieldError[] = [];
  const deviceClass = draDeviceClass(given);
  if (deviceClass === undefined) {
    if ([keys.draDeviceCount, keys.draCelSelector, keys.draContainerName].some((key) => key in given)) {
      errors.push(
        required(
          field(keys.draDeviceClass),
          `${keys.draDeviceClass} is required to enable managed DRA when ${keys.draDeviceCount}, ${keys.draCelSelector}, or ${keys.draContainerName} is set`,
        ),
      );
    }
  } else if (deviceClass === '') {
    errors.push(invalid(field(keys.draDeviceClass), raw(keys.draDeviceClass), 'device class must not be empty'));
  } else if (deviceClass.length > 253 || !SUBDOMAIN.test(deviceClass)) {
    errors.push(
      invalid(
        field(keys.draDeviceClass),
        raw(keys.draDeviceClass),
        "device class must be a DNS subdomain: lower case alphanumeric characters, '-' or '.', starting and ending with an alphanumeric character",
      ),
    );
  }
  const count = draDeviceCount(given);
  if (isRejection(count)) errors.push(invalid(field(keys.draDeviceCount), raw(keys.draDeviceCount), count.message));
  if (keys.draCelSelector in given && draCelSelectors(given).length === 0) {
    errors.push(invalid(field(keys.draCelSelector), raw(keys.draCelSelector), 'cel selector must contain at least one non-empty CEL expression'));
  }
  const container = draContainerName(given);
  if (container === '') {
    errors.push(invalid(field(keys.draContainerName), raw(keys.draContainerName), 'container name must not be empty'));
  } else if (container !== undefined && (container.length > 63 || !LABEL.test(container))) {
    errors.push(
      invalid(
        field(keys.draContainerName),
        raw(keys.draContainerName),
        "container name must be a DNS label: at most 63 lower case alphanumeric characters or '-', starting and ending with an alphanumeric character",
      ),
    );
  }
  return errors;
}
