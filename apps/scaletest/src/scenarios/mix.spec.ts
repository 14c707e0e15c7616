import { createRandom } from '@parley/llmmock';
import { dealScenarios, EVERYTHING, parseMix, SCENARIOS } from './mix';

describe('the scenario mix', () => {
  it('deals each scenario as often as its weight says', () => {
    const dealt = dealScenarios({ plain: 3, edit: 1 }, 40, createRandom('seed'));
    expect(dealt.filter((name) => name === 'plain')).toHaveLength(30);
    expect(dealt.filter((name) => name === 'edit')).toHaveLength(10);
  });

  it('repeats with its seed, and differs with another', () => {
    const deal = (seed: string): string[] => dealScenarios(EVERYTHING, 60, createRandom(seed));
    expect(deal('a')).toEqual(deal('a'));
    expect(deal('a')).not.toEqual(deal('b'));
  });

  it('deals every scenario once there are as many chats as weights', () => {
    const total = Object.values(EVERYTHING).reduce((sum, weight) => sum + weight, 0);
    expect(new Set(dealScenarios(EVERYTHING, total, createRandom('s'))).size).toBe(
      Object.keys(SCENARIOS).length,
    );
  });

  it('reads weights, and names what it does not know', () => {
    expect(parseMix('plain=5, edit')).toEqual({ plain: 5, edit: 1 });
    expect(() => parseMix('plan=5')).toThrow(/"plan" is no scenario: take plain, /);
    expect(() => parseMix('plain=-1')).toThrow(/no weight/);
    expect(() => parseMix('plain=0')).toThrow(/Every weight is 0/);
  });
});
