import { branchUrl, parseRemoteOrigin } from './remote-origin';

test.each([
  ['https://github.com/octo/hello', 'github.com/octo/hello'],
  ['https://github.com/Octo/Hello.git', 'github.com/octo/hello'],
  ['https://user:token@github.com/octo/hello.git/', 'github.com/octo/hello'],
  ['http://git.example.com:8080/octo/hello', 'git.example.com:8080/octo/hello'],
  ['git@github.com:octo/hello.git', 'github.com/octo/hello'],
  ['github.com:octo/hello', 'github.com/octo/hello'],
  ['ssh://git@github.com:22/octo/hello.git', 'github.com/octo/hello'],
  ['git+ssh://git@git.example.com/octo/hello.js', 'git.example.com/octo/hello.js'],
  ['https://gitlab.com/group/sub/project.git', 'gitlab.com/group/sub/project'],
])('%s is %s', (remoteOrigin, repository) => {
  expect(parseRemoteOrigin(remoteOrigin)?.repository).toBe(repository);
});

test.each([
  '/srv/git/hello.git',
  './hello',
  'C:\\hello',
  'file:///srv/octo/hello',
  'https://github.com/hello',
  'https://github.com/octo/..',
  'https://github.com/octo/a%2fb',
  'https://github.com',
  'ext::sh -c touch% octo/hello',
  '',
])('%j is no repository on a host', (remoteOrigin) => {
  expect(parseRemoteOrigin(remoteOrigin)).toBeNull();
});

test('the page of a branch keeps its slashes and escapes the rest', () => {
  const remote = parseRemoteOrigin('git@github.com:Octo/hello.git');
  expect(remote && branchUrl(remote, 'feature/a b#1')).toBe(
    'https://github.com/Octo/hello/tree/feature/a%20b%231',
  );
});
