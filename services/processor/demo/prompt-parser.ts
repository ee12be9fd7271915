import { PALETTES, type PaletteName } from './color/palettes.ts'
import type { TimeOfDay } from './landscape/daylight.ts'
import { SCENE_PRESETS, type SceneType } from './landscape/scene-presets.ts'
import type { Weather } from './landscape/weather.ts'
import type { Random } from './raster/random.ts'
import type { Intent } from './scene-description.ts'
import { MOODS, type Mood } from './worker-protocol.ts'

/** Candidates that a keyword or a mood suggests. */
interface PromptHints {
  scenes?: readonly SceneType[]
  times?: readonly TimeOfDay[]
  weathers?: readonly Weather[]
  palettes?: readonly PaletteName[]
}

/** Hints of each mood setting. They override those of the prompt. */
const MOOD_HINTS: Record<Mood, PromptHints> = {
  'from the words': {},
  calm: { weathers: ['clear', 'veiled', 'fog'], times: ['dawn', 'day', 'dusk'] },
  bright: { weathers: ['clear', 'veiled', 'broken'], times: ['dawn', 'day'] },
  dusk: { times: ['dusk'] },
  night: { times: ['night'] },
  fog: { weathers: ['fog'] },
  storm: { weathers: ['storm', 'rain'], times: ['day', 'dusk'] },
}

/** Keywords that are recognized in a prompt, with their hints. All other words only contribute to the random seed. */
const KEYWORD_HINTS: readonly (readonly [keywords: string, hints: PromptHints])[] = [
  [
    'mountain peak alps summit ridge cliff range himalaya alpine rock volcano',
    { scenes: ['ranges', 'cloudsea', 'lake'] },
  ],
  ['cloud heaven above aerial flight', { scenes: ['cloudsea', 'cloudsea', 'plain'], weathers: ['broken', 'banded'] }],
  ['hill valley moor highland vineyard meadow farm countryside', { scenes: ['hills', 'ranges'] }],
  ['forest woods woodland tree pine fir spruce conifer jungle grove taiga', { scenes: ['forest'] }],
  [
    'desert dune sand sahara arid dry camel',
    { scenes: ['dunes'], palettes: ['terracotta', 'gold', 'ember', 'bistre'] },
  ],
  ['plain field prairie steppe savanna horizon empty road city town street house', { scenes: ['plain', 'hills'] }],
  [
    'sea ocean wave ship sail boat whale beach horizon tide',
    { scenes: ['sea', 'flats'], palettes: ['cyanotype', 'seaglass', 'ultramarine', 'slate'] },
  ],
  ['lake fjord reflection mirror shore island loch pond swan', { scenes: ['lake'] }],
  ['river delta tidal flat marsh wetland estuary flood coast bay swamp', { scenes: ['flats', 'lake'] }],
  ['water', { scenes: ['lake', 'sea', 'flats'] }],
  ['abstract silk fold cloth veil flow curve smooth pattern texture minimal paper form', { scenes: ['contours'] }],
  ['portrait face person woman man girl boy cat dog skin body dress', { scenes: ['contours', 'dunes', 'hills'] }],
  [
    'snow winter ice frost glacier arctic polar cold',
    { scenes: ['snowfield', 'lake'], palettes: ['lavender', 'slate', 'cyanotype', 'seaglass'] },
  ],
  ['dawn morning sunrise early daybreak', { times: ['dawn'] }],
  ['day noon midday summer bright sunny', { times: ['day'] }],
  ['dusk evening nightfall sunset twilight sundown autumn golden', { times: ['dusk'] }],
  [
    'night moon moonlit moonlight midnight star dark nocturne galaxy',
    { times: ['night'], palettes: ['ultramarine', 'cyanotype', 'plum', 'slate', 'verdigris'] },
  ],
  ['fog mist haze misty foggy hazy smoke quiet silence silent dream ghost', { weathers: ['fog'] }],
  [
    'storm thunder thunderstorm tempest lightning wild dramatic stormy apocalypse',
    { weathers: ['storm'], times: ['day', 'dusk'], palettes: ['slate', 'selenium', 'ultramarine', 'verdigris'] },
  ],
  ['rain rainy wet drizzle shower', { weathers: ['rain'], palettes: ['slate', 'verdigris', 'seaglass'] }],
  [
    'overcast grey gray melancholy sad gloomy',
    { weathers: ['overcast', 'banded'], palettes: ['slate', 'selenium', 'lavender'] },
  ],
  ['clear calm still serene peaceful', { weathers: ['clear', 'veiled'] }],
  ['fire flame lava burning ember volcano red blood rust mars', { palettes: ['ember', 'terracotta'], times: ['dusk'] }],
  ['orange copper terracotta clay brick earth canyon', { palettes: ['terracotta', 'ember'] }],
  ['gold golden yellow wheat honey amber sun summer harvest', { palettes: ['gold'] }],
  ['brown sepia old vintage wood coffee leather antique', { palettes: ['bistre', 'selenium'] }],
  ['green moss fern spring leaf meadow jungle grass olive', { palettes: ['moss', 'verdigris'] }],
  ['teal turquoise jade emerald verdigris', { palettes: ['verdigris', 'seaglass'] }],
  ['blue azure indigo cobalt cyan sapphire', { palettes: ['cyanotype', 'ultramarine'] }],
  ['violet purple lavender lilac heather wine plum', { palettes: ['lavender', 'plum'] }],
  ['pink rose blush peach coral blossom cherry flower romantic love', { palettes: ['rose', 'plum'] }],
  ['black white monochrome noir silver charcoal', { palettes: ['selenium', 'slate'] }],
]

/** Weathers for a prompt without one; repeated entries are more likely. */
const DEFAULT_WEATHERS: readonly Weather[] = [
  'clear',
  'clear',
  'veiled',
  'veiled',
  'broken',
  'banded',
  'overcast',
  'fog',
]
const DEFAULT_TIMES: readonly TimeOfDay[] = ['dawn', 'day', 'dusk', 'dusk', 'night']

/**
 * Parses a prompt by keywords. `random` decides between equally frequent candidates, and chooses where the prompt has no
 * keyword. The palette comes from the most specific keyword alone: the one with the fewest palettes.
 */
export function parsePrompt(prompt: string, mood: string, random: Random): Intent & { palette: PaletteName } {
  const moodHints = isMood(mood) ? MOOD_HINTS[mood] : {}
  const promptHints = findHints(prompt)
  const mostSpecific = promptHints
    .toSorted((a, b) => (a.palettes?.length ?? Infinity) - (b.palettes?.length ?? Infinity))
    .slice(0, 1)
  const all = <T>(of: (hints: PromptHints) => readonly T[] | undefined) =>
    of(moodHints) ?? promptHints.flatMap(hints => of(hints) ?? [])
  return {
    scene: pickMostFrequent(
      random,
      all(hints => hints.scenes),
      keysOf(SCENE_PRESETS),
    ),
    time: pickMostFrequent(
      random,
      all(hints => hints.times),
      DEFAULT_TIMES,
    ),
    weather: pickMostFrequent(
      random,
      all(hints => hints.weathers),
      DEFAULT_WEATHERS,
    ),
    palette: pickMostFrequent(
      random,
      mostSpecific.flatMap(hints => hints.palettes ?? []),
      keysOf(PALETTES),
    ),
  }
}

function isMood(text: string): text is Mood {
  return (MOODS as readonly string[]).includes(text)
}

function findHints(prompt: string): PromptHints[] {
  const words = new Set(prompt.toLowerCase().match(/\p{L}+/gu))
  const hasWord = (word: string) => words.has(word) || words.has(`${word}s`) || words.has(`${word}es`)
  return KEYWORD_HINTS.filter(([keywords]) => keywords.split(' ').some(hasWord)).map(([, hints]) => hints)
}

/** Picks one of the candidates that occur most often. */
function pickMostFrequent<T>(random: Random, candidates: readonly T[], fallback: readonly T[]): T {
  if (candidates.length === 0) return random.pick(fallback)
  const countOf = (one: T) => candidates.filter(other => other === one).length
  const most = Math.max(...candidates.map(countOf))
  return random.pick(candidates.filter(one => countOf(one) === most))
}

function keysOf<K extends string>(table: Record<K, unknown>): readonly K[] {
  return Object.keys(table) as K[]
}
