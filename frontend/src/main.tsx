import './styles/tokens.css'
import './styles/page.css'
import './styles/feed.css'
import './styles/media.css'
import './styles/progress.css'
import './styles/composer.css'
import './styles/attachments.css'
import './styles/settings.css'
import './styles/composer-phone.css'
import './styles/lightbox.css'
import './styles/scrubber.css'
import { render } from 'solid-js/web'
import { placeAt } from './address.ts'
import { addressed } from './address-bar.ts'
import { createApi } from './api.ts'
import { listenShared } from './live/shared-live.ts'
import { Page } from './page.tsx'
import { createLibrary } from './store/generation-store.ts'
import { keepUnsent } from './store/outbox-store.ts'
import { createClock } from './ui/clock.ts'

const root = document.getElementById('root')
if (!root) throw new Error('The page has no place for the studio.')

// The feed decides where it opens, not the browser's memory of an older layout.
history.scrollRestoration = 'manual'
const clock = createClock()
const api = createApi({ origin: location.origin, clock })
const unsent = keepUnsent()
const library = createLibrary({ ...api, unsent })
const firstPlace = placeAt(addressed())
const studio = { api, library, unsent, clock, listen: listenShared, firstPlace }
render(() => <Page {...studio} />, root)
