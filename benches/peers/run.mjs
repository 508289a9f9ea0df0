// Job queues on PostgreSQL, measured as `stepwell-benches nodes` measures: so many jobs that do nothing are there, and
// workers in one process take them; then one job every 5 ms, and how long until it begins. `node run.mjs URL JOBS`.
import { Logger, run, makeWorkerUtils } from 'graphile-worker';
import PgBoss from 'pg-boss';

const [url, count] = [process.argv[2], Number(process.argv[3] ?? 12000)];
const sleep = (ms) => new Promise((done) => setTimeout(done, ms));
const p99 = (times) => times.sort((a, b) => a - b)[Math.floor(times.length * 0.99)];
const STEADY = 1000;

function report(name, seconds, latencies) {
  console.log(JSON.stringify({ name, rate: count / seconds, pickup_p99_ms: p99(latencies) }));
}

async function graphile() {
  const logger = new Logger(() => () => {});
  const utils = await makeWorkerUtils({ connectionString: url, logger });
  await utils.migrate();
  let left = count;
  const latencies = [];
  let done;
  const drained = new Promise((resolve) => (done = resolve));
  const taskList = {
    noop: async (payload) => {
      if (payload.at) latencies.push(Date.now() - payload.at);
      else if (--left === 0) done();
    },
  };
  // 5000 to a statement, which is what `addJobs` is for.
  for (let i = 0; i < count; i += 5000) {
    await utils.addJobs(Array.from({ length: Math.min(5000, count - i) }, () => ({ identifier: 'noop', payload: {} })));
  }
  const begun = Date.now();
  const preset = { worker: { connectionString: url, concurrentJobs: 64, maxPoolSize: 16, logger, localQueue: { size: 500 }, completeJobBatchDelay: 0, failJobBatchDelay: 0 } };
  const runner = await run({ preset, taskList });
  await drained;
  const seconds = (Date.now() - begun) / 1000;
  for (let i = 0; i < STEADY; i++) {
    await utils.addJob('noop', { at: Date.now() });
    await sleep(5);
  }
  await sleep(2000);
  await runner.stop();
  await utils.release();
  report('graphile-worker', seconds, latencies);
}

async function boss() {
  const boss = new PgBoss({ connectionString: url, max: 16 });
  await boss.start();
  await boss.createQueue('noop');
  for (let i = 0; i < count; i += 5000) {
    await boss.insert(Array.from({ length: Math.min(5000, count - i) }, () => ({ name: 'noop', data: {} })));
  }
  let left = count;
  const latencies = [];
  let done;
  const drained = new Promise((resolve) => (done = resolve));
  const begun = Date.now();
  const work = async (jobs) => {
    for (const job of jobs) {
      if (job.data.at) latencies.push(Date.now() - job.data.at);
      else if (--left === 0) done();
    }
  };
  // Half a second is the shortest interval that it takes; a full batch is followed by the next at once.
  for (let i = 0; i < 4; i++) await boss.work('noop', { batchSize: 128, pollingIntervalSeconds: 0.5 }, work);
  await drained;
  const seconds = (Date.now() - begun) / 1000;
  for (let i = 0; i < STEADY; i++) {
    await boss.send('noop', { at: Date.now() });
    await sleep(5);
  }
  await sleep(2000);
  await boss.stop({ graceful: false });
  report('pg-boss', seconds, latencies);
}

await graphile();
await boss();
process.exit(0);
