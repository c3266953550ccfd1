//! Which files a definition consists of.

use super::*;
use std::cell::RefCell;

/// Files by path, and what was asked for.
#[derive(Default)]
struct Shelf {
    files: BTreeMap<PathBuf, String>,
    asked: RefCell<Vec<PathBuf>>,
}

impl Shelf {
    fn with(files: &[(&str, &str)]) -> Self {
        let files = files.iter().map(|(path, imports)| {
            let text = format!("meta:\n  id: x\n  imports: {imports}\n");
            (PathBuf::from(path), text)
        });
        Self {
            files: files.collect(),
            ..Self::default()
        }
    }
}

impl Sources for Shelf {
    fn read(&self, path: &Path, limit: usize) -> Result<String, Unreadable> {
        self.asked.borrow_mut().push(path.to_owned());
        let text = self.files.get(path).ok_or(Unreadable::Missing)?;
        if text.len() > limit {
            return Err(Unreadable::TooLarge);
        }
        Ok(text.clone())
    }
}

fn folders() -> Vec<PathBuf> {
    vec![PathBuf::from("one"), PathBuf::from("two")]
}

fn names(loaded: &Loaded) -> Vec<String> {
    let paths = loaded.definitions.iter().map(|definition| {
        let file = loaded.files.get(definition.file).unwrap();
        file.path.display().to_string()
    });
    paths.collect()
}

fn faults(loaded: &Loaded) -> Vec<(String, &'static str)> {
    let all = loaded.findings.all().iter();
    all.map(|finding| (finding.path.clone(), finding.code))
        .collect()
}

#[test]
fn imports_are_found_by_their_importer_and_in_the_folders() {
    let shelf = Shelf::with(&[
        ("d/a.ksy", "[b, ../c, /e, /f/g]"),
        ("d/b.ksy", "[]"),
        ("c.ksy", "[]"),
        ("one/e.ksy", "[h]"),
        ("two/e.ksy", "[]"),
        ("one/h.ksy", "[]"),
        ("two/f/g.ksy", "[/e]"),
    ]);
    let loaded = load(Path::new("./d/a.ksy"), &shelf, &folders()).unwrap();
    assert_eq!(faults(&loaded), []);
    let found = [
        "d/a.ksy",
        "d/b.ksy",
        "c.ksy",
        "one/e.ksy",
        "two/f/g.ksy",
        "one/h.ksy",
    ];
    assert_eq!(names(&loaded), found);
    let imports: Vec<usize> = loaded.definitions[0]
        .imports
        .iter()
        .map(|import| import.value)
        .collect();
    assert_eq!(imports, [1, 2, 3, 4]);
}

#[test]
fn a_circle_is_read_once() {
    let shelf = Shelf::with(&[("a.ksy", "b"), ("b.ksy", "[a, ./b, ../x/b]")]);
    let loaded = load(Path::new("a.ksy"), &shelf, &[]).unwrap();
    assert_eq!(names(&loaded), ["a.ksy", "b.ksy"]);
    // `../x/b` is beside the folder of which nothing is known.
    assert_eq!(
        faults(&loaded),
        [("/meta/imports/2".to_owned(), codes::NO_FILE)]
    );
    assert_eq!(shelf.asked.borrow().len(), 3);
}

/// Files that have a name of their own beside their paths.
struct Linked(Shelf);

impl Sources for Linked {
    fn read(&self, path: &Path, limit: usize) -> Result<String, Unreadable> {
        self.0.read(path, limit)
    }

    fn identity(&self, path: &Path) -> PathBuf {
        path.strip_prefix("/shelf").unwrap_or(path).to_owned()
    }
}

#[test]
fn a_file_with_two_paths_is_read_once() {
    let files = [
        ("p/a.ksy", "[/p/b]"),
        ("/shelf/p/a.ksy", "[/p/b]"),
        ("/shelf/p/b.ksy", "[/p/a]"),
    ];
    let linked = Linked(Shelf::with(&files));
    let loaded = load(Path::new("p/a.ksy"), &linked, &["/shelf".into()]).unwrap();
    assert_eq!(names(&loaded), ["p/a.ksy", "/shelf/p/b.ksy"]);
    assert_eq!(loaded.definitions[1].imports[0].value, 0);
}

#[test]
fn nested_types_import_too() {
    let mut shelf = Shelf::with(&[("b.ksy", "[]")]);
    let nested = "meta: {id: a}\ntypes: {t: {meta: {imports: [b]}}}";
    shelf.files.insert("a.ksy".into(), nested.to_owned());
    let loaded = load(Path::new("a.ksy"), &shelf, &[]).unwrap();
    assert_eq!(names(&loaded), ["a.ksy", "b.ksy"]);
    assert_eq!(loaded.definitions[0].imports[0].value, 1);
}

#[test]
fn what_is_missing_is_reported_at_the_import() {
    let shelf = Shelf::with(&[("a.ksy", "[b, /c]")]);
    let loaded = load(Path::new("a.ksy"), &shelf, &folders()).unwrap();
    let places = [
        ("/meta/imports/0".to_owned(), codes::NO_FILE),
        ("/meta/imports/1".to_owned(), codes::NO_FILE),
    ];
    assert_eq!(faults(&loaded), places);
    let help = loaded.findings.all()[1].help.as_deref();
    assert_eq!(help, Some("looked for one/c.ksy, two/c.ksy"));
    let alone = load(Path::new("a.ksy"), &shelf, &[]).unwrap();
    assert!(
        alone.findings.all()[1]
            .help
            .as_deref()
            .unwrap()
            .contains("-I DIR")
    );
    assert_eq!(
        load(Path::new("b.ksy"), &shelf, &[]).unwrap_err(),
        Unreadable::Missing
    );
}

#[test]
fn what_is_wrong_with_an_import_is_reported_in_its_file() {
    let mut shelf = Shelf::with(&[("a.ksy", "[b, c]")]);
    shelf.files.insert("b.ksy".into(), "meta: {".to_owned());
    shelf
        .files
        .insert("c.ksy".into(), "meta: {id: C}".to_owned());
    let loaded = load(Path::new("a.ksy"), &shelf, &[]).unwrap();
    assert_eq!(
        faults(&loaded),
        [
            ("/".to_owned(), codes::NOT_YAML),
            ("/meta/id".to_owned(), codes::BAD_ID)
        ]
    );
    let files: Vec<FileId> = loaded
        .findings
        .all()
        .iter()
        .map(|finding| finding.file)
        .collect();
    assert_eq!(
        files,
        [loaded.definitions[1].file, loaded.definitions[2].file]
    );
}

#[test]
fn a_hostile_graph_ends() {
    let mut shelf = Shelf::default();
    for number in 0..1000 {
        let imports: Vec<String> = (0..40)
            .map(|next| format!("f{}", (number * 40 + next) % 1000))
            .collect();
        let text = format!("meta: {{id: x, imports: [{}]}}", imports.join(", "));
        shelf.files.insert(format!("f{number}.ksy").into(), text);
    }
    let loaded = load(Path::new("f1.ksy"), &shelf, &[]).unwrap();
    assert_eq!(loaded.definitions.len(), MAX_FILES);
    assert!(
        faults(&loaded)
            .iter()
            .all(|(_, code)| *code == codes::TOO_MANY_FILES)
    );
    assert_eq!(shelf.asked.borrow().len(), MAX_FILES);

    // One file that imports what is not there as often as it can.
    let imports = "  - y\n".repeat(40_000);
    let mut shelf = Shelf::default();
    shelf.files.insert(
        "a.ksy".into(),
        format!("meta:\n  id: x\n  imports:\n{imports}"),
    );
    let loaded = load(Path::new("a.ksy"), &shelf, &[]).unwrap();
    assert_eq!(loaded.findings.errors(), 40_000);
    assert_eq!(shelf.asked.borrow().len(), 1 + MAX_IMPORTS);
}

#[test]
fn all_files_share_the_bounds() {
    let long = format!(
        "meta: {{id: x}}\n{}",
        format!("#{}\n", "x".repeat(1000)).repeat(1000)
    );
    let mut shelf = Shelf::with(&[("a.ksy", "[f0, f1, f2, f3, f4, f5]")]);
    for number in 0..6 {
        shelf
            .files
            .insert(format!("f{number}.ksy").into(), long.clone());
    }
    let loaded = load(Path::new("a.ksy"), &shelf, &[]).unwrap();
    assert!(loaded.definitions.len() <= 5);
    assert!(faults(&loaded).contains(&("/meta/imports/5".to_owned(), codes::NO_FILE)));
}
