// What the scripts of this folder share: the client pointed at Fog, as docs/CLIENTS.md tells, and tests with sentences for names.
import assert from 'node:assert/strict';
import * as k8s from '@kubernetes/client-node';

export const kc = new k8s.KubeConfig();
kc.loadFromDefault(); // what fogctl kubeconfig printed
export const server = kc.getCurrentCluster().server;

export const fog = { group: 'fog', version: 'v1' };
export const sessions = { ...fog, plural: 'harvestsessions' };
export const policies = { ...fog, plural: 'harvestpolicies' };
export const path = (plural) => `/apis/fog/v1/${plural}`;

// A session that runs nothing.
export const rest = (name, spec = {}, metadata = {}) => ({
  apiVersion: 'fog/v1',
  kind: 'HarvestSession',
  metadata: { name, ...metadata },
  spec: { replicas: 0, workload: { command: ['/bin/true'] }, ...spec },
});

let failed = 0;
export async function it(sentence, body) {
  try {
    await body();
    console.log(`ok ${sentence}`);
  } catch (error) {
    failed++;
    console.log(`${String(error.stack ?? error).replace(/^/gm, '# ')}\nnot ok ${sentence}`);
  }
}
process.on('exit', () => failed > 0 && process.exit(1));

// The call is refused with that code; gives what the Status says.
export async function refused(code, call) {
  const error = await call.then(
    () => assert.fail(`it was not refused with ${code}`),
    (error) => error,
  );
  assert.equal(error.code, code, error.message);
  return typeof error.body === 'string' ? JSON.parse(error.body) : error.body;
}
