/** A generation of the gallery: what a person would have asked for, and how many hours ago. */
export interface GalleryPrompt {
  prompt: string
  ratio: string
  outputs: number
  hoursAgo: number
  /** Position in the list of the generation whose first output is attached. */
  reference?: number
  /** Position in the list of the generation that this one goes on from. */
  parent?: number
  favourites?: readonly number[]
  isVideo?: boolean
  isFailed?: boolean
  isTrashed?: boolean
}

const DAY = 24
const MONTH = 30 * DAY

/** Forty-three generations over fourteen months, the oldest first. Three of them are in the trash. */
export const GALLERY_PROMPTS: readonly GalleryPrompt[] = [
  {
    prompt: 'a chain of alpine ridges before sunrise, mist between them',
    ratio: '3:2',
    outputs: 4,
    hoursAgo: 14 * MONTH,
  },
  { prompt: 'dunes from the air, low sun, long shadows', ratio: '16:9', outputs: 2, hoursAgo: 14 * MONTH - 2 },
  { prompt: 'a frozen fjord in blue light', ratio: '4:3', outputs: 2, hoursAgo: 13 * MONTH, favourites: [1] },
  { prompt: '夜の湖に映る山、静かな水面', ratio: '2:3', outputs: 3, hoursAgo: 12 * MONTH },
  { prompt: 'moss-green valleys after rain', ratio: '1:1', outputs: 4, hoursAgo: 12 * MONTH - 30 },
  { prompt: 'a tidal flat at low water, the sky in every puddle', ratio: '21:9', outputs: 2, hoursAgo: 11 * MONTH },
  { prompt: 'бухта после шторма, полоса света на воде', ratio: '3:2', outputs: 2, hoursAgo: 10 * MONTH },
  { prompt: 'lavender hills, one road', ratio: '3:2', outputs: 1, hoursAgo: 9 * MONTH },
  { prompt: 'the sea at noon, almost white', ratio: '1:1', outputs: 2, hoursAgo: 8 * MONTH, isTrashed: true },
  {
    prompt: 'pine forest in fog, layer behind layer',
    ratio: '2:3',
    outputs: 4,
    hoursAgo: 8 * MONTH - 3,
    favourites: [0, 2],
  },
  { prompt: 'كثبان رملية عند الغروب، ظلال طويلة، سماء نحاسية', ratio: '4:3', outputs: 3, hoursAgo: 7 * MONTH },
  {
    prompt: 'a thunderstorm over the prairie, one bright line at the horizon',
    ratio: '16:9',
    outputs: 2,
    hoursAgo: 7 * MONTH - 9,
  },
  { prompt: 'folded silk, terracotta, seen from very near', ratio: '1:1', outputs: 4, hoursAgo: 6 * MONTH },
  { prompt: 'Ein Moor im November, Raureif auf dem Gras', ratio: '3:2', outputs: 2, hoursAgo: 5 * MONTH },
  { prompt: 'above the clouds at dawn, two peaks', ratio: '3:4', outputs: 2, hoursAgo: 5 * MONTH - 40 },
  { prompt: 'a volcano at dusk, ash and ember', ratio: '3:2', outputs: 4, hoursAgo: 4 * MONTH, favourites: [1] },
  { prompt: 'winter steppe, snow to the horizon', ratio: '21:9', outputs: 3, hoursAgo: 3 * MONTH },
  { prompt: '황금빛 들판 위의 달, 안개 낀 저녁', ratio: '3:2', outputs: 2, hoursAgo: 3 * MONTH - 5 },
  { prompt: 'a canyon in October, orange walls', ratio: '9:16', outputs: 3, hoursAgo: 2 * MONTH },
  { prompt: 'the same canyon with rain in it', ratio: '9:16', outputs: 2, hoursAgo: 2 * MONTH - 1, isTrashed: true },
  { prompt: 'terraced hills, jade, early spring', ratio: '4:3', outputs: 4, hoursAgo: 2 * MONTH - 20 },
  {
    prompt: 'a lake without wind, the far shore upside down',
    ratio: '3:2',
    outputs: 2,
    hoursAgo: 40 * DAY,
    favourites: [0],
  },
  { prompt: 'that lake by night, with stars', ratio: '3:2', outputs: 2, hoursAgo: 40 * DAY - 1, reference: 21 },
  { prompt: 'marshes of an estuary, sepia', ratio: '16:9', outputs: 1, hoursAgo: 33 * DAY },
  { prompt: 'a ridge, a second ridge, a third one, each paler', ratio: '2:3', outputs: 3, hoursAgo: 30 * DAY },
  { prompt: 'black ice, white sky', ratio: '1:1', outputs: 2, hoursAgo: 26 * DAY },
  { prompt: 'cherry blossom hills, a soft evening', ratio: '4:3', outputs: 2, hoursAgo: 21 * DAY },
  { prompt: 'waves in slow motion, teal', ratio: '3:2', outputs: 1, hoursAgo: 18 * DAY, isVideo: true },
  { prompt: 'an overcast moor, melancholy, wide', ratio: '21:9', outputs: 2, hoursAgo: 15 * DAY },
  { prompt: 'wheat at harvest, honey light', ratio: '3:2', outputs: 4, hoursAgo: 12 * DAY, favourites: [3] },
  {
    prompt: 'the wheat under a storm',
    ratio: '3:2',
    outputs: 2,
    hoursAgo: 12 * DAY - 1,
    reference: 29,
    isTrashed: true,
  },
  { prompt: 'a glacier tongue, cobalt', ratio: '3:4', outputs: 3, hoursAgo: 9 * DAY },
  { prompt: 'moonlit dunes, verdigris shadows', ratio: '16:9', outputs: 2, hoursAgo: 7 * DAY },
  {
    prompt: 'a portrait of the mayor as a Flemish merchant',
    ratio: '3:4',
    outputs: 2,
    hoursAgo: 6 * DAY,
    isFailed: true,
  },
  { prompt: 'islands in a violet haze', ratio: '4:3', outputs: 2, hoursAgo: 5 * DAY },
  {
    prompt: 'a river delta from a plane window, braided, emerald and sand',
    ratio: '1:1',
    outputs: 4,
    hoursAgo: 4 * DAY,
  },
  { prompt: 'the last snow on a northern slope', ratio: '3:2', outputs: 1, hoursAgo: 3 * DAY },
  { prompt: 'autumn ranges, copper and plum, long lens', ratio: '3:2', outputs: 4, hoursAgo: 50, favourites: [2] },
  {
    prompt: 'autumn ranges, copper and plum, long lens, in the rain',
    ratio: '3:2',
    outputs: 2,
    hoursAgo: 49,
    parent: 37,
  },
  { prompt: 'a lagoon seen through pines', ratio: '2:3', outputs: 3, hoursAgo: 26, reference: 21 },
  {
    prompt:
      'an alpine lake at golden hour, the peaks of the far shore in the water, a band of mist above the reeds, ' +
      'one cloud lit from below, muted colours of an old print, very fine grain',
    ratio: '3:2',
    outputs: 4,
    hoursAgo: 4,
    favourites: [0],
  },
  { prompt: 'the alpine lake, a clear night', ratio: '3:2', outputs: 2, hoursAgo: 2, parent: 40 },
  { prompt: 'dune crests at dawn, rose and slate', ratio: '2:3', outputs: 4, hoursAgo: 1, favourites: [1] },
]
