//! Claims that need a second process: a writer that is killed, one that holds the lock, a reader without rights.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};

use super::*;

/// Starts this test binary again, to run `test` alone with `path` on its standard input; as another user if told to.
/// That user may not reach the binary (a checkout in root's home), so it gets a copy beside `path`.
fn other_process(test: &str, path: &Path, user: Option<u32>) -> Child {
    use std::os::unix::process::CommandExt;
    let mut program = std::env::current_exe().unwrap();
    if user.is_some() {
        let copy = path.with_file_name("test-program");
        if !copy.exists() {
            fs::copy(&program, &copy).unwrap();
            fs::set_permissions(&copy, fs::Permissions::from_mode(0o755)).unwrap();
        }
        program = copy;
    }
    let mut command = Command::new(program);
    command.args([
        "--exact",
        &format!("store::tests::processes::{test}"),
        "--ignored",
        "--nocapture",
    ]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).current_dir("/");
    if let Some(user) = user {
        command.uid(user).gid(user);
    }
    let mut child = command.spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(path.as_os_str().as_bytes()).unwrap();
    child
}

/// Reads the child's lines until one holds `wanted`, and returns what follows it.
fn line_with(child: &mut Child, wanted: &str) -> String {
    let output = BufReader::new(child.stdout.as_mut().unwrap());
    let mut lines = output.lines().map(|line| line.unwrap());
    let line = lines.find_map(|l| l.split_once(wanted).map(|(_, rest)| rest.to_string()));
    line.unwrap_or_else(|| panic!("the child never said {wanted}"))
}

/// What another process, of a user whom permissions bind, sees in the folder.
fn seen_by_a_stranger(path: &Path) -> String {
    let child = other_process("child_counts_what_it_can_read", path, stranger());
    let output = String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap();
    let line = output.lines().find_map(|line| line.strip_prefix("sees "));
    line.unwrap_or_else(|| panic!("the child saw nothing: {output}")).to_string()
}

fn path_from_stdin() -> PathBuf {
    let mut path = Vec::new();
    std::io::Read::read_to_end(&mut std::io::stdin(), &mut path).unwrap();
    PathBuf::from(OsStr::from_bytes(&path))
}

#[test]
#[ignore = "the other process of the tests below: needs a folder on its standard input"]
fn child_adds_and_removes_until_killed() {
    let store = writing(&path_from_stdin());
    for n in 0_u64.. {
        let batch = [new(&format!("{n}-a")), new(&format!("{n}-b"))];
        store.add_tombstones(&batch).unwrap();
        if n % 3 == 2 {
            store.remove(&[id(&format!("{}-a", n - 1))]).unwrap();
        }
        // A line of its own, after libtest's "test … ..." without a line end.
        writeln!(std::io::stdout(), "\nacknowledged {n}").unwrap();
    }
}

#[test]
#[ignore = "the other process of the tests below: needs a folder on its standard input"]
fn child_counts_what_it_can_read() {
    let path = path_from_stdin();
    let told = match reading(&path).and_then(|store| store.list(None, 100)) {
        Ok(list) => format!("{} tombstones", list.len()),
        Err(error) => error.to_string(),
    };
    writeln!(std::io::stdout(), "\nsees {told}").unwrap();
}

#[test]
fn kill_9_while_writing_loses_nothing_acknowledged() {
    let (_dir, path) = fresh();
    for round in 0..3 {
        let mut child = other_process("child_adds_and_removes_until_killed", &path, None);
        let mut acknowledged = 0;
        while acknowledged < 20 + round * 7 {
            acknowledged = line_with(&mut child, "acknowledged ").parse().unwrap();
        }
        child.kill().unwrap();
        child.wait().unwrap();
        let store = writing(&path);
        assert_eq!(store.verify().unwrap(), [""; 0]);
        for n in 0..=acknowledged {
            let gone = n % 3 == 1 && n < acknowledged;
            assert!(store.get_by_id(&id(&format!("{n}-b"))).unwrap().is_some(), "{n}-b is lost");
            if gone || n % 3 != 1 {
                let a = store.get_by_id(&id(&format!("{n}-a"))).unwrap();
                assert_eq!(a.is_none(), gone, "{n}-a");
            }
        }
        let all: Vec<_> = store.list(None, usize::MAX).unwrap().into_iter().map(|t| t.id).collect();
        store.remove(&all).unwrap();
    }
}

#[test]
fn a_second_writer_is_told_who_holds_the_folder() {
    let (_dir, path) = fresh();
    let mut child = other_process("child_adds_and_removes_until_killed", &path, None);
    line_with(&mut child, "acknowledged ");
    let error = Folder::open_writing(&path, "second", &CLOCK).unwrap_err();
    assert_clear(&error, &path);
    match &error {
        Error::Locked { holder, .. } => {
            assert_eq!(holder.pid, Some(child.id()));
            assert_eq!(holder.program.as_deref(), Some("test"));
            assert_eq!(holder.since.as_deref(), Some("2026-01-31T12:00:00Z"));
        }
        other => panic!("{other:?}"),
    }
    let seen = reading(&path).unwrap().list(None, 1).unwrap();
    assert_eq!(seen.len(), 1, "a reader needs no lock");
    child.kill().unwrap();
    child.wait().unwrap();
    writing(&path);
}

/// Whether permissions bind this process; root passes all of them, so those tests act as `nobody`.
fn stranger() -> Option<u32> {
    let mine = std::os::unix::fs::MetadataExt::uid(&fs::metadata("/proc/self").unwrap());
    (mine == 0).then_some(65534)
}

#[test]
fn who_may_only_read_the_folder_can_still_read_it() {
    let (dir, path) = fresh();
    let store = writing(&path);
    store.add_tombstones(&[new("a"), new("b")]).unwrap();
    let set =
        |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    let see = || seen_by_a_stranger(&path);
    set(dir.path(), 0o755);
    set(&path, 0o555);
    assert_eq!(see(), "2 tombstones", "beside a writer");
    drop(store);
    assert_eq!(see(), "2 tombstones", "with no writer");
    set(&path, 0o755);
    fs::remove_file(path.join("cenotaph.db-shm")).unwrap();
    set(&path, 0o555);
    let told = see();
    assert!(told.contains("cannot open") && told.contains("-shm"), "{told}");
    set(&path, 0o000);
    let told = see();
    assert!(told.contains("permission denied"), "{told}");
    set(&path, 0o755);
}
