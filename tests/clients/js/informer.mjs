// An informer of sessions that says what it hears, a line each, until it is ended.  KUBECONFIG says from whom.
//
// After an error it does what its manual asks for: it is started again.
import * as k8s from '@kubernetes/client-node';
import { kc, path, sessions } from './fog.mjs';

const custom = kc.makeApiClient(k8s.CustomObjectsApi);
const list = async () => {
  const all = await custom.listClusterCustomObject(sessions);
  console.log(`list ${all.items.length}`);
  return all;
};
const informer = k8s.makeInformer(kc, path('harvestsessions'), list);
for (const verb of ['add', 'update', 'delete']) {
  informer.on(verb, (object) => console.log(`${verb} ${object.metadata.name} ${object.spec.retries}`));
}
informer.on('error', (error) => {
  console.log(`error ${error.code ?? error.statusCode ?? error.message}`);
  setTimeout(() => informer.start(), 100);
});
process.on('SIGUSR2', () => {
  const names = informer.list().map((object) => `${object.metadata.name}:${object.spec.retries}`);
  console.log(`knows ${names.sort().join(' ')}`);
});
await informer.start();
