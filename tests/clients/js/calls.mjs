// What @kubernetes/client-node can ask for, once each.  KUBECONFIG says of whom.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import * as k8s from '@kubernetes/client-node';
import WebSocket from 'ws';
import { fog, it, kc, path, policies, refused, rest, server, sessions } from './fog.mjs';

const custom = kc.makeApiClient(k8s.CustomObjectsApi);
const objects = k8s.KubernetesObjectApi.makeApiClient(kc);
const core = kc.makeApiClient(k8s.CoreV1Api);
const typed = (strategy) => k8s.setHeaderOptions('Content-Type', strategy);
const names = (list) => list.items.map((item) => item.metadata.name);
const get = (name) => custom.getClusterCustomObject({ ...sessions, name });

await it('it finds the kinds', async () => {
  const list = await custom.getAPIResources(fog);
  const found = list.resources.find((resource) => resource.kind === 'HarvestSession');
  assert.equal(found.name, 'harvestsessions');
  assert.deepEqual(found.shortNames, ['hs']);
});

await it('it creates, and what is there is not created again', async () => {
  const made = await custom.createClusterCustomObject({ ...sessions, body: rest('js', {}, { labels: { tier: 'gold' } }) });
  assert.equal(made.metadata.generation, 1);
  assert.equal(made.spec.retries, 5);
  const status = await refused(409, custom.createClusterCustomObject({ ...sessions, body: rest('js') }));
  assert.equal(status.reason, 'AlreadyExists');
});

await it('it is told each wrong field', async () => {
  const status = await refused(422, custom.createClusterCustomObject({ ...sessions, body: rest('wrong', { replicas: -1, retries: -1 }) }));
  assert.deepEqual(status.details.causes.map((cause) => cause.field).sort(), ['spec.replicas', 'spec.retries']);
});

await it('it lists page by page, and by labels and fields', async () => {
  for (const name of ['page-1', 'page-2']) {
    await custom.createClusterCustomObject({ ...sessions, body: rest(name) });
  }
  const all = [];
  let _continue;
  do {
    const page = await custom.listClusterCustomObject({ ...sessions, limit: 1, _continue });
    assert.equal(page.items.length, 1);
    all.push(...names(page));
    _continue = page.metadata._continue ?? page.metadata.continue;
  } while (_continue);
  assert.deepEqual(all, ['js', 'page-1', 'page-2']);
  assert.deepEqual(names(await custom.listClusterCustomObject({ ...sessions, labelSelector: 'tier in (gold)' })), ['js']);
  assert.deepEqual(names(await custom.listClusterCustomObject({ ...sessions, fieldSelector: 'metadata.name=page-1' })), ['page-1']);
});

await it('it replaces what is fresh, and not what is stale', async () => {
  const stale = await get('js');
  const next = structuredClone(stale);
  next.spec.retries = 6;
  const replaced = await custom.replaceClusterCustomObject({ ...sessions, name: 'js', body: next });
  assert.equal(replaced.metadata.generation, 2);
  const status = await refused(409, custom.replaceClusterCustomObject({ ...sessions, name: 'js', body: stale }));
  assert.equal(status.reason, 'Conflict');
});

await it('a merge patch merges', async () => {
  const body = { spec: { retries: 7 }, metadata: { labels: { tier: null } } };
  const patched = await custom.patchClusterCustomObject({ ...sessions, name: 'js', body }, typed(k8s.PatchStrategy.MergePatch));
  assert.equal(patched.spec.retries, 7);
  assert.equal(patched.metadata.labels?.tier, undefined);
});

await it('a JSON patch, its default, does what its steps say or nothing', async () => {
  const steps = (value) => [
    { op: 'test', path: '/spec/retries', value },
    { op: 'replace', path: '/spec/retries', value: 8 },
  ];
  const patched = await custom.patchClusterCustomObject({ ...sessions, name: 'js', body: steps(7) });
  assert.equal(patched.spec.retries, 8);
  await refused(422, custom.patchClusterCustomObject({ ...sessions, name: 'js', body: steps(7) }));
});

await it('a server-side apply owns its fields, and a conflict names their owner', async () => {
  const apply = (fieldManager, retries, force) =>
    custom.patchClusterCustomObject(
      { ...sessions, name: 'applied', fieldManager, force, body: rest('applied', { retries }) },
      typed(k8s.PatchStrategy.ServerSideApply),
    );
  const made = await apply('first', 1);
  assert.deepEqual(made.metadata.managedFields.map((entry) => `${entry.manager} ${entry.operation}`), ['first Apply']);
  const status = await refused(409, apply('second', 2));
  assert.deepEqual(status.details.causes, [{ reason: 'FieldManagerConflict', message: 'conflict with "first"', field: '.spec.retries' }]);
  assert.equal((await apply('second', 2, true)).spec.retries, 2);
});

await it('a strategic patch is refused', async () => {
  await refused(415, custom.patchClusterCustomObject({ ...sessions, name: 'js', body: {} }, typed(k8s.PatchStrategy.StrategicMergePatch)));
});

await it('the status is read and written apart from the rest', async () => {
  const { retries } = (await get('js')).spec;
  const body = { status: { ready: 0 }, spec: { retries: 1 } };
  const patched = await custom.patchClusterCustomObjectStatus({ ...sessions, name: 'js', body }, typed(k8s.PatchStrategy.MergePatch));
  assert.equal(patched.spec.retries, retries);
  const read = await custom.getClusterCustomObjectStatus({ ...sessions, name: 'js' });
  assert.equal(read.kind, 'HarvestSession');
});

await it('a session is scaled', async () => {
  const body = { spec: { replicas: 1 } };
  const scaled = await custom.patchClusterCustomObjectScale({ ...sessions, name: 'js', body }, typed(k8s.PatchStrategy.MergePatch));
  assert.equal(scaled.kind, 'Scale');
  assert.equal((await custom.getClusterCustomObjectScale({ ...sessions, name: 'js' })).spec.replicas, 1);
  assert.equal((await get('js')).spec.replicas, 1);
});

await it('a dry run keeps nothing', async () => {
  await custom.createClusterCustomObject({ ...sessions, body: rest('dry'), dryRun: 'All' });
  const status = await refused(404, get('dry'));
  assert.equal(status.message, 'harvestsessions.fog "dry" not found');
});

await it('the generic client finds its way by kind', async () => {
  const metadata = { name: 'generic' };
  const kind = { apiVersion: 'fog/v1', kind: 'HarvestPolicy' };
  await objects.create({ ...kind, metadata, spec: {} }, undefined, 'All');
  await objects.create({ ...kind, metadata, spec: {} });
  const patch = { ...kind, metadata, spec: { limits: { cpuPercent: 20 } } };
  await refused(415, objects.patch(patch));
  await objects.patch(patch, undefined, undefined, undefined, undefined, k8s.PatchStrategy.MergePatch);
  const read = await objects.read({ ...kind, metadata });
  assert.equal(read.spec.limits.cpuPercent, 20);
  read.spec.limits.cpuPercent = 30;
  assert.equal((await objects.replace(read)).spec.limits.cpuPercent, 30);
  assert.ok(names(await objects.list('fog/v1', 'HarvestPolicy')).includes('generic'));
  assert.equal((await objects.delete({ ...kind, metadata })).status, 'Success');
});

await it('a watch tells what happened since, with selectors', async () => {
  const seen = [];
  const told = (count) => new Promise((done) => (seen.done = () => seen.length >= count && done()));
  const since = (await custom.listClusterCustomObject(policies)).metadata.resourceVersion;
  const options = { resourceVersion: since, labelSelector: 'watched' };
  const watch = await new k8s.Watch(kc).watch(path('harvestpolicies'), options, (type, object) => {
    seen.push(`${type} ${object.metadata.name}`);
    seen.done?.();
  }, () => {});
  const three = told(3);
  const body = { apiVersion: 'fog/v1', kind: 'HarvestPolicy', metadata: { name: 'seen', labels: { watched: 'yes' } } };
  await custom.createClusterCustomObject({ ...policies, body });
  await custom.createClusterCustomObject({ ...policies, body: { ...body, metadata: { name: 'unseen' } } });
  const change = { spec: { limits: { cpuPercent: 10 } } };
  await custom.patchClusterCustomObject({ ...policies, name: 'seen', body: change }, typed(k8s.PatchStrategy.MergePatch));
  const unlabel = { metadata: { labels: { watched: null } } };
  await custom.patchClusterCustomObject({ ...policies, name: 'seen', body: unlabel }, typed(k8s.PatchStrategy.MergePatch));
  await three;
  watch.abort();
  assert.deepEqual([...seen], ['ADDED seen', 'MODIFIED seen', 'DELETED seen']);
});

await it('a watch from a revision that does not exist ends with a 410', async () => {
  const seen = await new Promise((done) => {
    const events = [];
    new k8s.Watch(kc).watch(path('harvestpolicies'), { resourceVersion: '999999' }, (type, object) => events.push(`${type} ${object.code}`),
      () => done(events));
  });
  assert.deepEqual(seen, ['ERROR 410']);
});

await it('a WebSocket tells the same as a watch, a frame for each event', async () => {
  const token = Buffer.from('ann').toString('base64url');
  const since = (await custom.listClusterCustomObject(policies)).metadata.resourceVersion;
  const url = `${server.replace('http', 'ws')}${path('harvestpolicies')}?watch=true&resourceVersion=${since}`;
  const socket = new WebSocket(url, [`base64url.bearer.authorization.k8s.io.${token}`, 'fog']);
  const frames = [];
  socket.on('message', (frame) => frames.push(JSON.parse(frame)) === 2 && socket.close(1000));
  await once(socket, 'open');
  assert.equal(socket.protocol, 'fog');
  await custom.createClusterCustomObject({ ...policies, body: { apiVersion: 'fog/v1', kind: 'HarvestPolicy', metadata: { name: 'framed' } } });
  await custom.deleteClusterCustomObject({ ...policies, name: 'framed' });
  const [code] = await once(socket, 'close');
  assert.equal(code, 1000);
  assert.deepEqual(frames.map((frame) => `${frame.type} ${frame.object.metadata.name}`), ['ADDED framed', 'DELETED framed']);
});

await it('events tell what became of a session', async () => {
  const list = await core.listNamespacedEvent({ namespace: 'default', fieldSelector: 'involvedObject.name=js,involvedObject.kind=HarvestSession' });
  assert.ok(list.items.length > 0);
  assert.ok(list.items.every((event) => event.involvedObject.name === 'js' && event.message && event.lastTimestamp));
  assert.ok((await core.listEventForAllNamespaces()).items.length >= list.items.length);
});

await it('it asks what it may do', async () => {
  const review = { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectAccessReview',
    spec: { resourceAttributes: { group: 'fog', resource: 'harvestsessions', verb: 'create' } } };
  const answer = await kc.makeApiClient(k8s.AuthorizationV1Api).createSelfSubjectAccessReview({ body: review });
  assert.equal(answer.status.allowed, true);
});

await it('it deletes one, and a collection by its labels', async () => {
  assert.equal((await custom.deleteClusterCustomObject({ ...sessions, name: 'js' })).status, 'Success');
  await refused(404, get('js'));
  const body = { metadata: { labels: { going: 'yes' } } };
  for (const name of ['page-1', 'applied']) {
    await custom.patchClusterCustomObject({ ...sessions, name, body }, typed(k8s.PatchStrategy.MergePatch));
  }
  await custom.deleteCollectionClusterCustomObject({ ...sessions, labelSelector: 'going=yes' });
  assert.deepEqual(names(await custom.listClusterCustomObject(sessions)), ['page-2']);
});
