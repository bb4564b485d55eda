const adjectives =
  `amber ample brave breezy bright brisk calm candid cheery clear clever copper cosy curious daring deft eager early earnest
  fair fearless fleet fond frank gentle glad golden graceful hardy hearty hopeful humble jolly keen kind lively lucid mellow
  merry mild modest nimble noble patient placid plucky polite proud quick quiet ready rosy serene silver sincere snug sober
  spry steady sturdy sunny swift tidy trusty upright valiant vivid warm wise witty zesty`.split(/\s+/);

/** People who made computing, seafaring and engineering what they are. */
const surnames =
  `babbage backus banks bartik berners bjarnason boole brunel cailliau cerf chandra church clarke conway cook cray dahl darby
  dijkstra drake eckert edison engelbart ericson euler faraday fourier fulton gauss goldberg hamming harrison hoare holberton
  hollerith hopper hypatia jacquard kahn kay kilby knuth lamarr leibniz liskov lovelace magellan mauchly mccarthy meitner
  mercator milner moore nansen napier noether nygaard pascal perlman ptolemy ritchie shannon sintra somerville stroustrup
  tasman telford tesla thompson torvalds turing watt wilkes wirth zuse`.split(/\s+/);

/** A name such as `breezy_hopper`, with a digit behind it when `retry` says that shorter ones were taken. */
export function randomName(retry: number): string {
  const pick = (words: readonly string[]) => words[randomBelow(words.length)] ?? "";
  return `${pick(adjectives)}_${pick(surnames)}${retry > 0 ? randomBelow(10 ** Math.min(retry, 6)) : ""}`;
}

function randomBelow(limit: number): number {
  const [value = 0] = crypto.getRandomValues(new Uint32Array(1));
  return value % limit;
}
