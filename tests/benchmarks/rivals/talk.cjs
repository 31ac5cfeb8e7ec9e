// node talk.cjs HOME URL KEY GROUP PER_CALL SECONDS SIDE_BY_SIDE: as talk.py, by braze-api from npm, calls side by side.
const [home, url, key, group, perCall, seconds, sideBySide] = process.argv.slice(2);
const { Braze } = require(require.resolve("braze-api", { paths: [home] }));

const braze = new Braze(url, key);
const started = performance.now();
const elapsed = () => (performance.now() - started) / 1000;
let people = 0;

function person(number) {
  const subscription_groups = [{ subscription_group_id: group, subscription_state: "subscribed" }];
  return { external_id: `rival-${number}`, email: `rival${number}@example.com`, subscription_groups };
}

async function talk() {
  while (elapsed() < Number(seconds)) {
    const first = people;
    people += Number(perCall);
    await braze.users.track({ attributes: Array.from({ length: Number(perCall) }, (_, n) => person(first + n)) });
  }
}

Promise.all(Array.from({ length: Number(sideBySide) }, talk)).then(() =>
  console.log(JSON.stringify({ people, seconds: elapsed() })),
);
