// deploy/image: the Dockerfile. `deploy/image/check` runs what its stages run.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dockerfile_problems } from './schemas.mjs';
import { read } from './tools.mjs';

const dockerfile = read('deploy/image/Dockerfile');

test('Docker takes the file', () => {
  assert.deepEqual(dockerfile_problems(dockerfile), []);
});

test('a file that Docker would not take is found', () => {
  assert.ok(dockerfile_problems(dockerfile.replace('ENTRYPOINT', 'ENTRIPOINT')).length);
  assert.ok(dockerfile_problems(dockerfile.replace('--interval=5s', '--interval=soon')).length);
  assert.ok(dockerfile_problems(dockerfile.replace('STOPSIGNAL SIGTERM', 'STOPSIGNAL')).length);
});

test('each stage runs one script and nothing else, so that it can be checked without Docker', () => {
  assert.deepEqual(dockerfile.match(/^RUN .*$/gm), ['RUN /source/deploy/image/build.sh /source /out', 'RUN /runtime.sh /out/troupe /image']);
  const check = read('deploy/image/check');
  for (const command of ['/source/deploy/image/build.sh /source /out', '/runtime.sh /out/troupe /image']) assert.ok(check.includes(command), command);
});

test('the last stage begins with nothing, is not root, and is looked after by the program itself', () => {
  const last = dockerfile.slice(dockerfile.lastIndexOf('\nFROM '));
  assert.match(last, /^\nFROM scratch$/m);
  assert.match(last, /^USER 10001:10001$/m);
  assert.match(last, /CMD \["\/usr\/bin\/troupe", "ctl", "health"\]/);
});
