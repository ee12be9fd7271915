import { TONINGS, type ToningName } from './color/palettes.ts'
import type { Time } from './landscape/daylight.ts'
import { SCENES, type SceneName } from './landscape/scene-presets.ts'
import type { Weather } from './landscape/weather.ts'
import type { Random } from './raster/random.ts'
import type { Intent } from './scene-description.ts'

interface Leaning {
  scenes?: readonly SceneName[]
  times?: readonly Time[]
  weathers?: readonly Weather[]
  tonings?: readonly ToningName[]
}

/** What a person can ask for besides words; 'from the words' asks for nothing. */
export const MOODS: Record<string, Leaning> = {
  'from the words': {},
  calm: { weathers: ['clear', 'veiled', 'fog'], times: ['dawn', 'day', 'dusk'] },
  bright: { weathers: ['clear', 'veiled', 'broken'], times: ['dawn', 'day'] },
  dusk: { times: ['dusk'] },
  night: { times: ['night'] },
  fog: { weathers: ['fog'] },
  storm: { weathers: ['storm', 'rain'], times: ['day', 'dusk'] },
}

/** All that this generator understands of a prompt. Everything else in it only sets the dice. */
const LEANINGS: readonly (readonly [words: string, leaning: Leaning])[] = [
  [
    'mountain peak alps summit ridge cliff range himalaya alpine rock volcano',
    { scenes: ['ranges', 'cloudsea', 'lake'] },
  ],
  ['cloud heaven above aerial flight', { scenes: ['cloudsea', 'cloudsea', 'plain'], weathers: ['broken', 'banded'] }],
  ['hill valley moor highland vineyard meadow farm countryside', { scenes: ['hills', 'ranges'] }],
  ['forest woods woodland tree pine fir spruce conifer jungle grove taiga', { scenes: ['forest'] }],
  ['desert dune sand sahara arid dry camel', { scenes: ['dunes'], tonings: ['terracotta', 'gold', 'ember', 'bistre'] }],
  ['plain field prairie steppe savanna horizon empty road city town street house', { scenes: ['plain', 'hills'] }],
  [
    'sea ocean wave ship sail boat whale beach horizon tide',
    { scenes: ['sea', 'flats'], tonings: ['cyanotype', 'seaglass', 'ultramarine', 'slate'] },
  ],
  ['lake fjord reflection mirror shore island loch pond swan', { scenes: ['lake'] }],
  ['river delta tidal flat marsh wetland estuary flood coast bay swamp', { scenes: ['flats', 'lake'] }],
  ['water', { scenes: ['lake', 'sea', 'flats'] }],
  ['abstract silk fold cloth veil flow curve smooth pattern texture minimal paper form', { scenes: ['folds'] }],
  ['portrait face person woman man girl boy cat dog skin body dress', { scenes: ['folds', 'dunes', 'hills'] }],
  [
    'snow winter ice frost glacier arctic polar cold',
    { scenes: ['snowfield', 'lake'], tonings: ['lavender', 'slate', 'cyanotype', 'seaglass'] },
  ],
  ['dawn morning sunrise early daybreak', { times: ['dawn'] }],
  ['day noon midday summer bright sunny', { times: ['day'] }],
  ['dusk evening nightfall sunset twilight sundown autumn golden', { times: ['dusk'] }],
  [
    'night moon moonlit moonlight midnight star dark nocturne galaxy',
    { times: ['night'], tonings: ['ultramarine', 'cyanotype', 'plum', 'slate', 'verdigris'] },
  ],
  ['fog mist haze misty foggy hazy smoke quiet silence silent dream ghost', { weathers: ['fog'] }],
  [
    'storm thunder thunderstorm tempest lightning wild dramatic stormy apocalypse',
    { weathers: ['storm'], times: ['day', 'dusk'], tonings: ['slate', 'selenium', 'ultramarine', 'verdigris'] },
  ],
  ['rain rainy wet drizzle shower', { weathers: ['rain'], tonings: ['slate', 'verdigris', 'seaglass'] }],
  [
    'overcast grey gray melancholy sad gloomy',
    { weathers: ['overcast', 'banded'], tonings: ['slate', 'selenium', 'lavender'] },
  ],
  ['clear calm still serene peaceful', { weathers: ['clear', 'veiled'] }],
  ['fire flame lava burning ember volcano red blood rust mars', { tonings: ['ember', 'terracotta'], times: ['dusk'] }],
  ['orange copper terracotta clay brick earth canyon', { tonings: ['terracotta', 'ember'] }],
  ['gold golden yellow wheat honey amber sun summer harvest', { tonings: ['gold'] }],
  ['brown sepia old vintage wood coffee leather antique', { tonings: ['bistre', 'selenium'] }],
  ['green moss fern spring leaf meadow jungle grass olive', { tonings: ['moss', 'verdigris'] }],
  ['teal turquoise jade emerald verdigris', { tonings: ['verdigris', 'seaglass'] }],
  ['blue azure indigo cobalt cyan sapphire', { tonings: ['cyanotype', 'ultramarine'] }],
  ['violet purple lavender lilac heather wine plum', { tonings: ['lavender', 'plum'] }],
  ['pink rose blush peach coral blossom cherry flower romantic love', { tonings: ['rose', 'plum'] }],
  ['black white monochrome noir silver charcoal', { tonings: ['selenium', 'slate'] }],
]

/** Weathers that any scene may have where nobody asked for one, the calm ones more often. */
const ANY_WEATHER: readonly Weather[] = ['clear', 'clear', 'veiled', 'veiled', 'broken', 'banded', 'overcast', 'fog']
const ANY_TIME: readonly Time[] = ['dawn', 'day', 'dusk', 'dusk', 'night']

/**
 * Reads what it can in a prompt; the dice decide between what was read, and where nothing was. Of colours, the word that
 * names the fewest is the most particular, and is the one that counts.
 */
export function intentOf(prompt: string, mood: string, random: Random): Intent & { toning: ToningName } {
  const asked = MOODS[mood] ?? {}
  const read = leaningsIn(prompt)
  const particular = read
    .toSorted((a, b) => (a.tonings?.length ?? Infinity) - (b.tonings?.length ?? Infinity))
    .slice(0, 1)
  const all = <T>(of: (leaning: Leaning) => readonly T[] | undefined) =>
    of(asked) ?? read.flatMap(leaning => of(leaning) ?? [])
  return {
    scene: pickFrom(
      random,
      all(leaning => leaning.scenes),
      keysOf(SCENES),
    ),
    time: pickFrom(
      random,
      all(leaning => leaning.times),
      ANY_TIME,
    ),
    weather: pickFrom(
      random,
      all(leaning => leaning.weathers),
      ANY_WEATHER,
    ),
    toning: pickFrom(
      random,
      particular.flatMap(leaning => leaning.tonings ?? []),
      keysOf(TONINGS),
    ),
  }
}

function leaningsIn(prompt: string): Leaning[] {
  const words = new Set(prompt.toLowerCase().match(/\p{L}+/gu))
  const said = (word: string) => words.has(word) || words.has(`${word}s`) || words.has(`${word}es`)
  return LEANINGS.filter(([known]) => known.split(' ').some(said)).map(([, leaning]) => leaning)
}

/** One of what was named most often. */
function pickFrom<T>(random: Random, found: readonly T[], any: readonly T[]): T {
  if (found.length === 0) return random.pick(any)
  const times = (one: T) => found.filter(other => other === one).length
  const most = Math.max(...found.map(times))
  return random.pick(found.filter(one => times(one) === most))
}

function keysOf<K extends string>(table: Record<K, unknown>): readonly K[] {
  return Object.keys(table) as K[]
}
