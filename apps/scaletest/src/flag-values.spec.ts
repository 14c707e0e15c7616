import { httpUrls, parseServiceUrls } from './flag-values';

describe('addresses on the command line', () => {
  it('are taken as they are', () => {
    for (const text of ['https://parley.example.com', 'http://a:1/base, http://[::1]:2'])
      expect(httpUrls(text)).toBe(text);
    expect(parseServiceUrls('gateway=http://a/, chat-worker=https://b:1')).toEqual({
      gateway: ['http://a'],
      'chat-worker': ['https://b:1'],
    });
  });

  it.each(['parley.example.com', 'localhost:3000', 'http://a,ftp://b', 'https://', 'http://a,'])(
    '"%s" is refused with what would be one',
    (text) => {
      expect(() => httpUrls(text)).toThrow('Give an address such as https://parley.example.com.');
    },
  );
});
