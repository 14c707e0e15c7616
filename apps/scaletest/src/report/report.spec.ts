import { sampleLoad, sampleReport } from '../testing/sample-report';
import { compare, compareText } from './compare';
import { htmlReport } from './html';
import { report } from './schema';
import { textReport } from './text';

const FINDING = {
  is_clean: false,
  turns_checked: 20,
  chats_checked: 2,
  has_ledger: true,
  findings: 1,
  model_calls: null,
  by_kind: { part_hole: 1 },
  examples: [{ kind: 'part_hole', chat_id: 'c1', key: 'k/0', detail: 'part 2.1.4 after 2 <b>' }],
  scenario_failures: [],
};

const CHAOS = {
  fault: 'kill-workers',
  what: 'kills',
  failure: null,
  mended_after_ms: 1,
  turns_in_flight: 2,
  recovered_after_ms: 1,
  steady_after_ms: 1,
  longest_silence_ms: 1,
  blows: [],
  lost: null,
  recoveries: {
    max_allowed_ms: 10_000,
    p50_ms: 6_000,
    max_ms: 7_250,
    never: 1,
    unwatched: ['it was not up'],
    kills: [
      { at_s: 1, chats: 2, recovered_after_ms: 7_250 },
      { at_s: 4, chats: 3, recovered_after_ms: 6_000 },
      { at_s: 7, chats: 1, recovered_after_ms: null },
    ],
  },
  bus_messages: null,
};

describe('the report', () => {
  it('is what its schema says, also after a trip through JSON', () => {
    const made = sampleReport({ other_loads: [sampleLoad({ load: 'mix' })] });
    expect(report.parse(JSON.parse(JSON.stringify(made)))).toEqual(made);
  });

  it('names each finding, what it means and where', () => {
    const text = textReport(
      sampleReport({ verdict: 'failed', oracle: FINDING, reasons: ['plain: 1 x part_hole'] }),
    );
    expect(text).toMatch(/Verdict: FAILED/);
    expect(text).toMatch(/1 part_hole: a live part is missing between two others/);
    expect(text).toMatch(/part_hole in c1 k\/0: part 2\.1\.4 after 2/);
  });

  it('says of kills how soon others were at what they left, in a report of before it too', () => {
    const made = sampleReport({ chaos: CHAOS });
    expect(textReport(made)).toMatch(
      /3 kills, 3 of them left 6 chats to others.* p50 6\.0 s, max 7\.3 s \(at most 10\.0 s\); NEVER after 1 kills; 1 kills NOT WATCHED: it was not up/,
    );
    expect(htmlReport(made)).toContain('Until others were at all that a killed worker left');
    const { recoveries: _none, ...older } = CHAOS;
    expect(report.parse({ ...made, chaos: older }).chaos?.recoveries).toBeNull();
  });

  it('says that Postgres was left out of the floor, and why', () => {
    const floor = { clients: [], commits: [], commits_left_out: 'give --database-url to measure it' };
    const made = sampleReport({ floor });
    expect(textReport(made)).toContain('two commits a turn: not measured, give --database-url to measure it');
    const older = report.parse({ ...made, floor: { clients: [], commits: [] } });
    expect(textReport(older)).not.toContain('two commits a turn');
  });

  it('as a page needs nothing else, and shows nothing as markup that is text', () => {
    const html = htmlReport(sampleReport({ oracle: FINDING }));
    expect(html).not.toMatch(/<script|<link|src=|https?:\/\//);
    expect(html.match(/<svg/g)?.length).toBeGreaterThanOrEqual(4);
    expect(html).not.toContain('<b>');
    const ofFindings = (page: string): string => page.slice(page.indexOf('Oracle findings'));
    expect(ofFindings(html)).not.toContain('>none<');
    expect(ofFindings(htmlReport(sampleReport()))).toContain('>none<');
  });
});

describe('compare', () => {
  it('says what got better and worse, and keeps silent about noise', () => {
    const before = sampleReport();
    const after = sampleReport({
      turns_per_s: 20,
      wire_bytes_per_turn: 1800,
      cpu_ms_per_turn: { services: 1.02, postgres: 0.5 },
    });
    const rows = new Map(compare(before, after).map((row) => [row.what, row]));
    expect(rows.get('turns/s')).toMatchObject({ before: 10, after: 20, change: 1, isBetter: true });
    expect(rows.get('wire bytes a turn')).toMatchObject({ isBetter: false });
    expect(rows.get('CPU ms a turn: services')).toMatchObject({ isBetter: null });
    expect(rows.has('bus messages a turn')).toBe(false);
    expect(compareText(before, after)).toMatch(/wire bytes a turn +1500 +1800 +\+20\.0 % {2}WORSE/);
  });

  it('matches loads by name', () => {
    const before = sampleReport({ other_loads: [sampleLoad({ load: 'mix' })] });
    expect(new Set(compare(before, sampleReport({ load: 'mix' })).map(({ load }) => load))).toEqual(
      new Set(['mix']),
    );
    expect(compareText(before, sampleReport({ load: 'other' }))).toMatch(/No load of one has the name/);
  });
});
