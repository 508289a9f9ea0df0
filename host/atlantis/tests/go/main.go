// Makes, checks and holds BoltDB files with the real bbolt, and writes JSON with the real encoding/json, for the
// tests of host/atlantis.
package main

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"time"

	bolt "go.etcd.io/bbolt"
)

type vcsHost struct {
	Hostname string
	Type     int
}

type repo struct {
	FullName, Owner, Name       string
	CloneURL, SanitizedCloneURL string
	VCSHost                     vcsHost
}

type pullRequest struct {
	Num                                     int
	HeadCommit, URL, HeadBranch, BaseBranch string
	HardenedNonPRRefCheckout                bool
	Author, Body                            string
	State                                   int
	BaseRepo                                repo
}

type user struct {
	Username string
	Teams    []string
}

type project struct {
	ProjectName, RepoFullName, Path string
}

type projectLock struct {
	Project   project
	Pull      pullRequest
	User      user
	Workspace string
	Time      time.Time
}

type commandLock struct {
	LockMetadata struct{ UnixTime int64 }
	CommandName  int
}

type approval struct {
	Approver string
	Hashes   []string
}

type policySet struct {
	PolicySetName   string
	Passed          bool
	Approvals       []approval
	Hashes          []string
	PolicyItemRegex string
}

type projectStatus struct {
	Workspace, RepoRelDir, ProjectName string
	PolicyStatus                       []policySet
	Status                             int
}

type pullStatus struct {
	Projects []projectStatus
	Pull     pullRequest
}

func must(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// One lock of many, with a body of some bytes.
func lockOf(number, body int) projectLock {
	name := fmt.Sprintf("repo-%d", number%7)
	lock := projectLock{Workspace: "default", Time: time.Unix(1724287907, int64(number)*1000).UTC()}
	lock.Project = project{RepoFullName: "org/" + name, Path: fmt.Sprintf("modules/m%05d", number)}
	lock.Pull = pullRequest{Num: number % 11, HeadCommit: "c0ffee", Author: "ann", Body: strings.Repeat("<b>&", body/4)}
	lock.Pull.BaseRepo = repo{FullName: "org/" + name, Owner: "org", Name: name,
		CloneURL: "https://bot:s3cr3t-token@github.com/org/" + name, VCSHost: vcsHost{Hostname: "github.com"}}
	lock.User.Username = "ann"
	return lock
}

func keyOf(lock projectLock) string {
	return fmt.Sprintf("%s/%s/%s/%s", lock.Project.RepoFullName, lock.Project.Path, lock.Workspace, lock.Project.ProjectName)
}

func put(tx *bolt.Tx, bucket, key string, value interface{}) {
	text, err := json.Marshal(value)
	must(err)
	must(tx.Bucket([]byte(bucket)).Put([]byte(key), text))
}

func open(file string, options *bolt.Options) *bolt.DB {
	options.Timeout = time.Second
	db, err := bolt.Open(file, 0600, options)
	must(err)
	must(db.Update(func(tx *bolt.Tx) error {
		for _, name := range []string{"runLocks", "pulls", "globalLocks"} {
			_, err := tx.CreateBucketIfNotExists([]byte(name))
			must(err)
		}
		return nil
	}))
	return db
}

func makeFile(shape string, pageSize int, file string) {
	db := open(file, &bolt.Options{PageSize: pageSize, NoFreelistSync: shape == "no_free_list"})
	locks := map[string]int{"empty": 0, "few": 3, "many": 2000, "overflow": 40, "deleted": 2000, "no_free_list": 300}[shape]
	body := 0
	if shape == "overflow" {
		body = 40000
	}
	for from := 0; from < locks; from += 100 {
		must(db.Update(func(tx *bolt.Tx) error {
			for number := from; number < from+100 && number < locks; number++ {
				put(tx, "runLocks", keyOf(lockOf(number, body)), lockOf(number, body))
			}
			return nil
		}))
	}
	if shape == "deleted" {
		for from := 0; from < locks; from += 200 {
			must(db.Update(func(tx *bolt.Tx) error {
				for number := from; number < from+150; number++ {
					must(tx.Bucket([]byte("runLocks")).Delete([]byte(keyOf(lockOf(number, 0)))))
				}
				return nil
			}))
		}
	}
	if shape == "few" {
		must(db.Update(func(tx *bolt.Tx) error {
			pull := lockOf(5, 0).Pull
			status := pullStatus{Pull: pull, Projects: []projectStatus{{Workspace: "default", RepoRelDir: ".", Status: 1}}}
			put(tx, "pulls", "github.com::"+pull.BaseRepo.FullName+"::5", status)
			apply := commandLock{}
			apply.LockMetadata.UnixTime = 1724287907
			put(tx, "globalLocks", "apply/lock", apply)
			return nil
		}))
	}
	must(db.Close())
}

// Prints the problems that bbolt's own check finds, and the entries.
func dump(file string) {
	db, err := bolt.Open(file, 0600, &bolt.Options{Timeout: time.Second})
	must(err)
	result := struct {
		Problems []string
		Buckets  map[string]map[string]string
	}{Buckets: map[string]map[string]string{}}
	must(db.Update(func(tx *bolt.Tx) error {
		for problem := range tx.Check() {
			result.Problems = append(result.Problems, problem.Error())
		}
		return tx.ForEach(func(name []byte, bucket *bolt.Bucket) error {
			entries := map[string]string{}
			result.Buckets[string(name)] = entries
			return bucket.ForEach(func(key, value []byte) error {
				entries[string(key)] = base64.StdEncoding.EncodeToString(value)
				return nil
			})
		})
	}))
	must(db.Close())
	must(json.NewEncoder(os.Stdout).Encode(result))
}

// Holds the file until the input ends.
func hold(file string) {
	db := open(file, &bolt.Options{})
	fmt.Println("held")
	_, err := io.Copy(io.Discard, os.Stdin)
	must(err)
	must(db.Close())
}

// Changes all locks in each change, until the input ends: the number of the pull request is that of the change.
func churn(file string) {
	db := open(file, &bolt.Options{})
	ended := make(chan bool)
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		close(ended)
	}()
	for change := 1; ; change++ {
		must(db.Update(func(tx *bolt.Tx) error {
			for number := 0; number < 400; number++ {
				lock := lockOf(number, 0)
				lock.Pull.Num = change
				lock.Pull.Body = strings.Repeat("x", (change*37+number)%900)
				put(tx, "runLocks", keyOf(lock), lock)
			}
			return nil
		}))
		if change == 1 {
			fmt.Println("held")
		}
		select {
		case <-ended:
			must(db.Close())
			return
		default:
		}
	}
}

// Reads a value from each line of the input, and writes it as Atlantis would.
func rewrite(kind string) {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<26)
	for lines.Scan() {
		var value interface{}
		switch kind {
		case "lock":
			value = &projectLock{}
		case "command":
			value = &commandLock{}
		case "pull":
			value = &pullStatus{}
		}
		if err := json.Unmarshal(lines.Bytes(), value); err != nil {
			fmt.Println("error")
			continue
		}
		text, err := json.Marshal(value)
		must(err)
		fmt.Println(string(text))
	}
}

func main() {
	arguments := os.Args
	switch arguments[1] {
	case "make":
		pageSize, err := strconv.Atoi(arguments[3])
		must(err)
		makeFile(arguments[2], pageSize, arguments[4])
	case "dump":
		dump(arguments[2])
	case "hold":
		hold(arguments[2])
	case "churn":
		churn(arguments[2])
	case "rewrite":
		rewrite(arguments[2])
	}
}
