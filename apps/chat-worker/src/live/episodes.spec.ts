import type { LivePart } from '@parley/contracts';
import { Episode } from './episode';
import { Episodes } from './episodes';

const chatId = '018f0000-0000-7000-8000-000000000001';
const key = { chatId, historyVersion: 3, generationAttempt: 0 };
const text = (value: string): LivePart => ({ role: 'assistant', part: { type: 'text', text: value } });

function createEpisodes(maxBytes?: number): { episodes: Episodes; time: { now: number } } {
  const time = { now: 0 };
  const episodes = new Episodes({ now: () => time.now, ...(maxBytes !== undefined && { maxBytes }) });
  return { episodes, time };
}

describe('Episodes', () => {
  it('a viewer in the middle gets what follows the seq it has', () => {
    const { episodes } = createEpisodes();
    const episode = episodes.open(key);
    expect(episodes.append(episode, [text('a'), text('b')]).first_seq).toBe(1);
    expect(episodes.append(episode, [text('c')]).first_seq).toBe(3);
    expect(episodes.answer({ chat_id: chatId, after_seq: 1 }).episode).toEqual({
      chat_id: chatId,
      history_version: 3,
      generation_attempt: 0,
      first_seq: 2,
      parts: [text('b'), text('c')],
      is_closed: false,
    });
  });

  it('nothing is known of an episode that never was', () => {
    const { episodes } = createEpisodes();
    episodes.open(key);
    expect(episodes.answer({ chat_id: chatId, history_version: 4, after_seq: 0 })).toEqual({ episode: null });
  });

  it('an unnamed request gets the newest episode, a named one its own', () => {
    const { episodes } = createEpisodes();
    episodes.close(episodes.open(key));
    episodes.open({ ...key, generationAttempt: 1 });
    expect(episodes.answer({ chat_id: chatId, after_seq: 0 }).episode?.generation_attempt).toBe(1);
    const first = episodes.answer({
      chat_id: chatId,
      history_version: 3,
      generation_attempt: 0,
      after_seq: 0,
    });
    expect(first.episode?.is_closed).toBe(true);
  });

  it('an ended episode is kept for 15 seconds and then dropped', () => {
    const { episodes, time } = createEpisodes();
    episodes.close(episodes.open(key));
    time.now = 14_999;
    episodes.expire();
    expect(episodes.count).toBe(1);
    time.now = 15_000;
    episodes.expire();
    expect(episodes.count).toBe(0);
  });

  it('over the bytes of all, ended episodes go first', () => {
    const { episodes } = createEpisodes(300);
    const old = episodes.open(key);
    episodes.append(old, [text('x'.repeat(150))]);
    episodes.close(old);
    const fresh = episodes.open({ ...key, historyVersion: 9 });
    episodes.append(fresh, [text('y'.repeat(150))]);
    expect(episodes.answer({ chat_id: chatId, history_version: 3, after_seq: 0 }).episode).toBeNull();
    expect(
      episodes.answer({ chat_id: chatId, history_version: 9, after_seq: 0 }).episode?.parts,
    ).toHaveLength(1);
  });

  it('an episode that outgrows the bytes of all forgets its parts, and the next one has room again', () => {
    const { episodes } = createEpisodes(300);
    const large = episodes.open(key);
    episodes.append(large, [text('x'.repeat(400))]);
    expect(episodes.answer({ chat_id: chatId, after_seq: 0 }).episode).toBeNull();
    const next = episodes.open({ ...key, historyVersion: 4 });
    episodes.append(next, [text('fits')]);
    expect(episodes.answer({ chat_id: chatId, after_seq: 0 }).episode?.parts).toEqual([text('fits')]);
  });
});

describe('Episode', () => {
  it('one that outgrows its bytes goes on counting but shows nothing to late joiners', () => {
    const episode = new Episode(key, 10);
    episode.append([text('a')], 8);
    expect(episode.after(0)?.parts).toHaveLength(1);
    expect(episode.append([text('b')], 8).first_seq).toBe(2);
    expect(episode.after(0)).toBeNull();
    expect(episode.append([text('c')], 1).first_seq).toBe(3);
    expect(episode.after(2)).toBeNull();
    expect(episode.bytes).toBe(0);
  });
});
