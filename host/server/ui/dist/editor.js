(()=>{var hr=[],fa=[];(()=>{let n="lc,34,7n,7,7b,19,,,,2,,2,,,20,b,1c,l,g,,2t,7,2,6,2,2,,4,z,,u,r,2j,b,1m,9,9,,o,4,,9,,3,,5,17,3,1n,9,16,o,,x,1i,3,,i,,7,a,2,t,3,1k,,,\
7,2,2,2,3,9,,a,2,q,,2,3,1k,,,5,4,2,2,3,3,,u,2,3,,b,3,1k,,,8,,3,,3,k,2,m,6,,3,1k,,,7,2,2,2,3,7,3,a,2,u,,1n,5,3,3,,4,9,,14,5,1j,,,7,,3,,4,7,2,b,2,t,3,1k,,,7,,3,,4\
,7,2,b,2,f,,c,4,1j,2,,7,,3,,4,9,,a,2,t,3,1y,,4,6,,,,8,i,2,1p,,,8,c,8,2q,,,a,b,7,21,2,r,,,,,,4,2,1d,k,,2,5,b,,10,9,,2u,b,,6,n,4,4,3,g,4,d,,,3,6,,f,,jj,3,qa,4,s,3\
,t,2,u,2,1s,w,9,,19,3,,,39,2,y,,3a,c,4,c,63,5,1l,a,,,,,2,o,2,,1c,1a,2,c,k,5,1b,h,12,9,c,3,u,d,1k,e,1c,k,48,3,,l,4,,6,,2,3,5i,1s,ek,,5f,x,2da,3,3x,,2o,w,fe,6,2x,\
2,n9w,4,,a,w,2,28,2,7k,,3,,4,,n,5,4,,2b,2,1e,i,q,i,d,,12,8,p,d,18,4,1b,e,10,,1v,e,c,,8,2,1a,,1f,,,3,2,2,5,2,,,15,5,5,2,6k,8,,2,fn4,,kh,g,g,g,a6,2,gt,,6a,,45,5,1\
ae,3,,2,5,4,14,3,4,,4l,2,fx,4,1t,5,8t,2,25,6,1y,b,1d,4,3e,3,1h,f,15,,2,2,a,4,19,b,7,,1p,3,10,e,g,2,18,,c,3,1c,e,8,4,,2,2k,c,6,,2,,4d,c,l,4,1j,2,,7,2,2,2,3,9,,a,\
2,2,7,3,5,1v,9,,,2,,,4,,5,,,e,2,2a,i,n,,29,k,6j,7,2,9,r,2,2a,h,2y,d,2t,3,2,a,74,f,6t,6,,2,2,4,,,,2,3x,7,2,7,3,,s,a,14,7,,4,8,,9,b,1a,g,5i,8,5j,8,,8,2a,m,,e,3e,6\
,3,,,2,,7,,,1u,5,,2,,5,9n,4,9,2,,,1c,7,3,5,n,,44l,,6,f,8ug,i,1xc,5,1n,7,t4,,,1j,7,4,29,,b,2,f57,2,3mp,1a,2,n,f2,5,3,6,8,8,2,7,u,4,44,3,1iz,1j,4,1e,8,,e,,m,5,,f,\
11s,7,,h,2,7,,2,,5,2s,,4g,7,af,,1p,4,e4,4,72,2,6r,,2,,7,2,5,,d6,7,31,7,240,5".split(",").map(e=>e?parseInt(e,36):1);for(let e=0,t=0;e<n.length;e++)(e%2?fa:hr).push(
t=t+n[e])})();function kd(n){if(n<768)return!1;for(let e=0,t=hr.length;;){let i=e+t>>1;if(n<hr[i])t=i;else if(n>=fa[i])e=i+1;else return!0;if(e==t)return!1}}function aa(n){
return n>=127462&&n<=127487}var ha=8205;function ua(n,e,t=!0,i=!0){return(t?da:wd)(n,e,i)}function da(n,e,t){if(e==n.length)return e;e&&pa(n.charCodeAt(e))&&ma(n.charCodeAt(e-1))&&e--;let i=ar(
n,e);for(e+=ca(i);e<n.length;){let s=ar(n,e);if(i==ha||s==ha||t&&kd(s))e+=ca(s),i=s;else if(aa(s)){let r=0,o=e-2;for(;o>=0&&aa(ar(n,o));)r++,o-=2;if(r%2==0)break;
e+=2}else break}return e}function wd(n,e,t){for(;e>1;){let i=da(n,e-2,t);if(i<e)return i;e--}return 0}function ar(n,e){let t=n.charCodeAt(e);if(!ma(t)||e+1==n.length)
return t;let i=n.charCodeAt(e+1);return pa(i)?(t-55296<<10)+(i-56320)+65536:t}function pa(n){return n>=56320&&n<57344}function ma(n){return n>=55296&&n<56320}function ca(n){
return n<65536?1:2}var W=class n{lineAt(e){if(e<0||e>this.length)throw new RangeError(`Invalid position ${e} in document of length ${this.length}`);return this.lineInner(e,!1,1,0)}line(e){
if(e<1||e>this.lines)throw new RangeError(`Invalid line number ${e} in ${this.lines}-line document`);return this.lineInner(e,!0,1,0)}replace(e,t,i){[e,t]=ii(this,
e,t);let s=[];return this.decompose(0,e,s,2),i.length&&i.decompose(0,i.length,s,3),this.decompose(t,this.length,s,1),Jt.from(s,this.length-(t-e)+i.length)}append(e){
return this.replace(this.length,this.length,e)}slice(e,t=this.length){[e,t]=ii(this,e,t);let i=[];return this.decompose(e,t,i,0),Jt.from(i,t-e)}eq(e){if(e==this)
return!0;if(e.length!=this.length||e.lines!=this.lines)return!1;let t=this.scanIdentical(e,1),i=this.length-this.scanIdentical(e,-1),s=new Bt(this),r=new Bt(e);
for(let o=t,l=t;;){if(s.next(o),r.next(o),o=0,s.lineBreak!=r.lineBreak||s.done!=r.done||s.value!=r.value)return!1;if(l+=s.value.length,s.done||l>=i)return!0}}iter(e=1){
return new Bt(this,e)}iterRange(e,t=this.length){return new Pn(this,e,t)}iterLines(e,t){let i;if(e==null)i=this.iter();else{t==null&&(t=this.lines+1);let s=this.
line(e).from;i=this.iterRange(s,Math.max(s,t==this.lines+1?this.length:t<=1?0:this.line(t-1).to))}return new Tn(i)}toString(){return this.sliceString(0)}toJSON(){
let e=[];return this.flatten(e),e}constructor(){}static of(e){if(e.length==0)throw new RangeError("A document must have at least one line");return e.length==1&&
!e[0]?n.empty:e.length<=32?new Se(e):Jt.from(Se.split(e,[]))}},Se=class n extends W{constructor(e,t=vd(e)){super(),this.text=e,this.length=t}get lines(){return this.
text.length}get children(){return null}lineInner(e,t,i,s){for(let r=0;;r++){let o=this.text[r],l=s+o.length;if((t?i:l)>=e)return new fr(s,l,i,o);s=l+1,i++}}decompose(e,t,i,s){
let r=e<=0&&t>=this.length?this:new n(ga(this.text,e,t),Math.min(t,this.length)-Math.max(0,e));if(s&1){let o=i.pop(),l=Mn(r.text,o.text.slice(),0,r.length);if(l.
length<=32)i.push(new n(l,o.length+r.length));else{let a=l.length>>1;i.push(new n(l.slice(0,a)),new n(l.slice(a)))}}else i.push(r)}replace(e,t,i){if(!(i instanceof
n))return super.replace(e,t,i);[e,t]=ii(this,e,t);let s=Mn(this.text,Mn(i.text,ga(this.text,0,e)),t),r=this.length+i.length-(t-e);return s.length<=32?new n(s,r):
Jt.from(n.split(s,[]),r)}sliceString(e,t=this.length,i=`
`){[e,t]=ii(this,e,t);let s="";for(let r=0,o=0;r<=t&&o<this.text.length;o++){let l=this.text[o],a=r+l.length;r>e&&o&&(s+=i),e<a&&t>r&&(s+=l.slice(Math.max(0,e-r),
t-r)),r=a+1}return s}flatten(e){for(let t of this.text)e.push(t)}scanIdentical(){return 0}static split(e,t){let i=[],s=-1;for(let r of e)i.push(r),s+=r.length+1,
i.length==32&&(t.push(new n(i,s)),i=[],s=-1);return s>-1&&t.push(new n(i,s)),t}},Jt=class n extends W{constructor(e,t){super(),this.children=e,this.length=t,this.
lines=0;for(let i of e)this.lines+=i.lines}lineInner(e,t,i,s){for(let r=0;;r++){let o=this.children[r],l=s+o.length,a=i+o.lines-1;if((t?a:l)>=e)return o.lineInner(
e,t,i,s);s=l+1,i=a+1}}decompose(e,t,i,s){for(let r=0,o=0;o<=t&&r<this.children.length;r++){let l=this.children[r],a=o+l.length;if(e<=a&&t>=o){let h=s&((o<=e?1:0)|
(a>=t?2:0));o>=e&&a<=t&&!h?i.push(l):l.decompose(e-o,t-o,i,h)}o=a+1}}replace(e,t,i){if([e,t]=ii(this,e,t),i.lines<this.lines)for(let s=0,r=0;s<this.children.length;s++){
let o=this.children[s],l=r+o.length;if(e>=r&&t<=l){let a=o.replace(e-r,t-r,i),h=this.lines-o.lines+a.lines;if(a.lines<h>>4&&a.lines>h>>6){let c=this.children.slice();
return c[s]=a,new n(c,this.length-(t-e)+i.length)}return super.replace(r,l,a)}r=l+1}return super.replace(e,t,i)}sliceString(e,t=this.length,i=`
`){[e,t]=ii(this,e,t);let s="";for(let r=0,o=0;r<this.children.length&&o<=t;r++){let l=this.children[r],a=o+l.length;o>e&&r&&(s+=i),e<a&&t>o&&(s+=l.sliceString(
e-o,t-o,i)),o=a+1}return s}flatten(e){for(let t of this.children)t.flatten(e)}scanIdentical(e,t){if(!(e instanceof n))return 0;let i=0,[s,r,o,l]=t>0?[0,0,this.children.
length,e.children.length]:[this.children.length-1,e.children.length-1,-1,-1];for(;;s+=t,r+=t){if(s==o||r==l)return i;let a=this.children[s],h=e.children[r];if(a!=
h)return i+a.scanIdentical(h,t);i+=a.length+1}}static from(e,t=e.reduce((i,s)=>i+s.length+1,-1)){let i=0;for(let d of e)i+=d.lines;if(i<32){let d=[];for(let p of e)
p.flatten(d);return new Se(d,t)}let s=Math.max(32,i>>5),r=s<<1,o=s>>1,l=[],a=0,h=-1,c=[];function f(d){let p;if(d.lines>r&&d instanceof n)for(let m of d.children)
f(m);else d.lines>o&&(a>o||!a)?(u(),l.push(d)):d instanceof Se&&a&&(p=c[c.length-1])instanceof Se&&d.lines+p.lines<=32?(a+=d.lines,h+=d.length+1,c[c.length-1]=new Se(
p.text.concat(d.text),p.length+1+d.length)):(a+d.lines>s&&u(),a+=d.lines,h+=d.length+1,c.push(d))}function u(){a!=0&&(l.push(c.length==1?c[0]:n.from(c,h)),h=-1,
a=c.length=0)}for(let d of e)f(d);return u(),l.length==1?l[0]:new n(l,t)}};W.empty=new Se([""],0);function vd(n){let e=-1;for(let t of n)e+=t.length+1;return e}
function Mn(n,e,t=0,i=1e9){for(let s=0,r=0,o=!0;r<n.length&&s<=i;r++){let l=n[r],a=s+l.length;a>=t&&(a>i&&(l=l.slice(0,i-s)),s<t&&(l=l.slice(t-s)),o?(e[e.length-
1]+=l,o=!1):e.push(l)),s=a+1}return e}function ga(n,e,t){return Mn(n,[""],e,t)}var Bt=class{constructor(e,t=1){this.dir=t,this.done=!1,this.lineBreak=!1,this.value=
"",this.nodes=[e],this.offsets=[t>0?1:(e instanceof Se?e.text.length:e.children.length)<<1]}nextInner(e,t){for(this.done=this.lineBreak=!1;;){let i=this.nodes.length-
1,s=this.nodes[i],r=this.offsets[i],o=r>>1,l=s instanceof Se?s.text.length:s.children.length;if(o==(t>0?l:0)){if(i==0)return this.done=!0,this.value="",this;t>0&&
this.offsets[i-1]++,this.nodes.pop(),this.offsets.pop()}else if((r&1)==(t>0?0:1)){if(this.offsets[i]+=t,e==0)return this.lineBreak=!0,this.value=`
`,this;e--}else if(s instanceof Se){let a=s.text[o+(t<0?-1:0)];if(this.offsets[i]+=t,a.length>Math.max(0,e))return this.value=e==0?a:t>0?a.slice(e):a.slice(0,a.
length-e),this;e-=a.length}else{let a=s.children[o+(t<0?-1:0)];e>a.length?(e-=a.length,this.offsets[i]+=t):(t<0&&this.offsets[i]--,this.nodes.push(a),this.offsets.
push(t>0?1:(a instanceof Se?a.text.length:a.children.length)<<1))}}}next(e=0){return e<0&&(this.nextInner(-e,-this.dir),e=this.value.length),this.nextInner(e,this.
dir)}},Pn=class{constructor(e,t,i){this.value="",this.done=!1,this.cursor=new Bt(e,t>i?-1:1),this.pos=t>i?e.length:0,this.from=Math.min(t,i),this.to=Math.max(t,
i)}nextInner(e,t){if(t<0?this.pos<=this.from:this.pos>=this.to)return this.value="",this.done=!0,this;e+=Math.max(0,t<0?this.pos-this.to:this.from-this.pos);let i=t<
0?this.pos-this.from:this.to-this.pos;e>i&&(e=i),i-=e;let{value:s}=this.cursor.next(e);return this.pos+=(s.length+e)*t,this.value=s.length<=i?s:t<0?s.slice(s.length-
i):s.slice(0,i),this.done=!this.value,this}next(e=0){return e<0?e=Math.max(e,this.from-this.pos):e>0&&(e=Math.min(e,this.to-this.pos)),this.nextInner(e,this.cursor.
dir)}get lineBreak(){return this.cursor.lineBreak&&this.value!=""}},Tn=class{constructor(e){this.inner=e,this.afterBreak=!0,this.value="",this.done=!1}next(e=0){
let{done:t,lineBreak:i,value:s}=this.inner.next(e);return t&&this.afterBreak?(this.value="",this.afterBreak=!1):t?(this.done=!0,this.value=""):i?this.afterBreak?
this.value="":(this.afterBreak=!0,this.next()):(this.value=s,this.afterBreak=!1),this}get lineBreak(){return!1}};typeof Symbol<"u"&&(W.prototype[Symbol.iterator]=
function(){return this.iter()},Bt.prototype[Symbol.iterator]=Pn.prototype[Symbol.iterator]=Tn.prototype[Symbol.iterator]=function(){return this});var fr=class{constructor(e,t,i,s){
this.from=e,this.to=t,this.number=i,this.text=s}get length(){return this.to-this.from}};function ii(n,e,t){return e=Math.max(0,Math.min(n.length,e)),[e,Math.max(
e,Math.min(n.length,t))]}function _(n,e,t=!0,i=!0){return ua(n,e,t,i)}function Sd(n){return n>=56320&&n<57344}function Od(n){return n>=55296&&n<56320}function Hi(n,e){
let t=n.charCodeAt(e);if(!Od(t)||e+1==n.length)return t;let i=n.charCodeAt(e+1);return Sd(i)?(t-55296<<10)+(i-56320)+65536:t}function wa(n){return n<=65535?String.
fromCharCode(n):(n-=65536,String.fromCharCode((n>>10)+55296,(n&1023)+56320))}function In(n){return n<65536?1:2}var ur=/\r\n?|\n/,fe=(function(n){return n[n.Simple=
0]="Simple",n[n.TrackDel=1]="TrackDel",n[n.TrackBefore=2]="TrackBefore",n[n.TrackAfter=3]="TrackAfter",n})(fe||(fe={})),rt=class n{constructor(e){this.sections=
e}get length(){let e=0;for(let t=0;t<this.sections.length;t+=2)e+=this.sections[t];return e}get newLength(){let e=0;for(let t=0;t<this.sections.length;t+=2){let i=this.
sections[t+1];e+=i<0?this.sections[t]:i}return e}get empty(){return this.sections.length==0||this.sections.length==2&&this.sections[1]<0}iterGaps(e){for(let t=0,
i=0,s=0;t<this.sections.length;){let r=this.sections[t++],o=this.sections[t++];o<0?(e(i,s,r),s+=r):s+=o,i+=r}}iterChangedRanges(e,t=!1){dr(this,e,t)}get invertedDesc(){
let e=[];for(let t=0;t<this.sections.length;){let i=this.sections[t++],s=this.sections[t++];s<0?e.push(i,s):e.push(s,i)}return new n(e)}composeDesc(e){return this.
empty?e:e.empty?this:va(this,e)}mapDesc(e,t=!1){return e.empty?this:pr(this,e,t)}mapPos(e,t=-1,i=fe.Simple){let s=0,r=0;for(let o=0;o<this.sections.length;){let l=this.
sections[o++],a=this.sections[o++],h=s+l;if(a<0){if(h>e)return r+(e-s);r+=l}else{if(i!=fe.Simple&&h>=e&&(i==fe.TrackDel&&s<e&&h>e||i==fe.TrackBefore&&s<e||i==fe.
TrackAfter&&h>e))return null;if(h>e||h==e&&t<0&&!l)return e==s||t<0?r:r+a;r+=a}s=h}if(e>s)throw new RangeError(`Position ${e} is out of range for changeset of l\
ength ${s}`);return r}touchesRange(e,t=e){for(let i=0,s=0;i<this.sections.length&&s<=t;){let r=this.sections[i++],o=this.sections[i++],l=s+r;if(o>=0&&s<=t&&l>=e)
return s<e&&l>t?"cover":!0;s=l}return!1}toString(){let e="";for(let t=0;t<this.sections.length;){let i=this.sections[t++],s=this.sections[t++];e+=(e?" ":"")+i+(s>=
0?":"+s:"")}return e}toJSON(){return this.sections}static fromJSON(e){if(!Array.isArray(e)||e.length%2||e.some(t=>typeof t!="number"))throw new RangeError("Inva\
lid JSON representation of ChangeDesc");return new n(e)}static create(e){return new n(e)}},ue=class n extends rt{constructor(e,t){super(e),this.inserted=t}apply(e){
if(this.length!=e.length)throw new RangeError("Applying change set to a document with the wrong length");return dr(this,(t,i,s,r,o)=>e=e.replace(s,s+(i-t),o),!1),
e}mapDesc(e,t=!1){return pr(this,e,t,!0)}invert(e){let t=this.sections.slice(),i=[];for(let s=0,r=0;s<t.length;s+=2){let o=t[s],l=t[s+1];if(l>=0){t[s]=l,t[s+1]=
o;let a=s>>1;for(;i.length<a;)i.push(W.empty);i.push(o?e.slice(r,r+o):W.empty)}r+=o}return new n(t,i)}compose(e){return this.empty?e:e.empty?this:va(this,e,!0)}map(e,t=!1){
return e.empty?this:pr(this,e,t,!0)}iterChanges(e,t=!1){dr(this,e,t)}get desc(){return rt.create(this.sections)}filter(e){let t=[],i=[],s=[],r=new Et(this);e:for(let o=0,
l=0;;){let a=o==e.length?1e9:e[o++];for(;l<a||l==a&&r.len==0;){if(r.done)break e;let c=Math.min(r.len,a-l);le(s,c,-1);let f=r.ins==-1?-1:r.off==0?r.ins:0;le(t,c,
f),f>0&&dt(i,t,r.text),r.forward(c),l+=c}let h=e[o++];for(;l<h;){if(r.done)break e;let c=Math.min(r.len,h-l);le(t,c,-1),le(s,c,r.ins==-1?-1:r.off==0?r.ins:0),r.
forward(c),l+=c}}return{changes:new n(t,i),filtered:rt.create(s)}}toJSON(){let e=[];for(let t=0;t<this.sections.length;t+=2){let i=this.sections[t],s=this.sections[t+
1];s<0?e.push(i):s==0?e.push([i]):e.push([i].concat(this.inserted[t>>1].toJSON()))}return e}static of(e,t,i){let s=[],r=[],o=0,l=null;function a(c=!1){if(!c&&!s.
length)return;o<t&&le(s,t-o,-1);let f=new n(s,r);l=l?l.compose(f.map(l)):f,s=[],r=[],o=0}function h(c){if(Array.isArray(c))for(let f of c)h(f);else if(c instanceof
n){if(c.length!=t)throw new RangeError(`Mismatched change set length (got ${c.length}, expected ${t})`);a(),l=l?l.compose(c.map(l)):c}else{let{from:f,to:u=f,insert:d}=c;
if(f>u||f<0||u>t)throw new RangeError(`Invalid change range ${f} to ${u} (in doc of length ${t})`);let p=d?typeof d=="string"?W.of(d.split(i||ur)):d:W.empty,m=p.
length;if(f==u&&m==0)return;f<o&&a(),f>o&&le(s,f-o,-1),le(s,u-f,m),dt(r,s,p),o=u}}return h(e),a(!l),l}static empty(e){return new n(e?[e,-1]:[],[])}static fromJSON(e){
if(!Array.isArray(e))throw new RangeError("Invalid JSON representation of ChangeSet");let t=[],i=[];for(let s=0;s<e.length;s++){let r=e[s];if(typeof r=="number")
t.push(r,-1);else{if(!Array.isArray(r)||typeof r[0]!="number"||r.some((o,l)=>l&&typeof o!="string"))throw new RangeError("Invalid JSON representation of ChangeS\
et");if(r.length==1)t.push(r[0],0);else{for(;i.length<s;)i.push(W.empty);i[s]=W.of(r.slice(1)),t.push(r[0],i[s].length)}}}return new n(t,i)}static createSet(e,t){
return new n(e,t)}};function le(n,e,t,i=!1){if(e==0&&t<=0)return;let s=n.length-2;s>=0&&t<=0&&t==n[s+1]?n[s]+=e:s>=0&&e==0&&n[s]==0?n[s+1]+=t:i?(n[s]+=e,n[s+1]+=
t):n.push(e,t)}function dt(n,e,t){if(t.length==0)return;let i=e.length-2>>1;if(i<n.length)n[n.length-1]=n[n.length-1].append(t);else{for(;n.length<i;)n.push(W.empty);
n.push(t)}}function dr(n,e,t){let i=n.inserted;for(let s=0,r=0,o=0;o<n.sections.length;){let l=n.sections[o++],a=n.sections[o++];if(a<0)s+=l,r+=l;else{let h=s,c=r,
f=W.empty;for(;h+=l,c+=a,a&&i&&(f=f.append(i[o-2>>1])),!(t||o==n.sections.length||n.sections[o+1]<0);)l=n.sections[o++],a=n.sections[o++];e(s,h,r,c,f),s=h,r=c}}}
function pr(n,e,t,i=!1){let s=[],r=i?[]:null,o=new Et(n),l=new Et(e);for(let a=-1;;){if(o.done&&l.len||l.done&&o.len)throw new Error("Mismatched change set leng\
ths");if(o.ins==-1&&l.ins==-1){let h=Math.min(o.len,l.len);le(s,h,-1),o.forward(h),l.forward(h)}else if(l.ins>=0&&(o.ins<0||a==o.i||o.off==0&&(l.len<o.len||l.len==
o.len&&!t))){let h=l.len;for(le(s,l.ins,-1);h;){let c=Math.min(o.len,h);o.ins>=0&&a<o.i&&o.len<=c&&(le(s,0,o.ins),r&&dt(r,s,o.text),a=o.i),o.forward(c),h-=c}l.next()}else if(o.
ins>=0){let h=0,c=o.len;for(;c;)if(l.ins==-1){let f=Math.min(c,l.len);h+=f,c-=f,l.forward(f)}else if(l.ins==0&&l.len<c)c-=l.len,l.next();else break;le(s,h,a<o.i?
o.ins:0),r&&a<o.i&&dt(r,s,o.text),a=o.i,o.forward(o.len-c)}else{if(o.done&&l.done)return r?ue.createSet(s,r):rt.create(s);throw new Error("Mismatched change set\
 lengths")}}}function va(n,e,t=!1){let i=[],s=t?[]:null,r=new Et(n),o=new Et(e);for(let l=!1;;){if(r.done&&o.done)return s?ue.createSet(i,s):rt.create(i);if(r.ins==
0)le(i,r.len,0,l),r.next();else if(o.len==0&&!o.done)le(i,0,o.ins,l),s&&dt(s,i,o.text),o.next();else{if(r.done||o.done)throw new Error("Mismatched change set le\
ngths");{let a=Math.min(r.len2,o.len),h=i.length;if(r.ins==-1){let c=o.ins==-1?-1:o.off?0:o.ins;le(i,a,c,l),s&&c&&dt(s,i,o.text)}else o.ins==-1?(le(i,r.off?0:r.
len,a,l),s&&dt(s,i,r.textBit(a))):(le(i,r.off?0:r.len,o.off?0:o.ins,l),s&&!o.off&&dt(s,i,o.text));l=(r.ins>a||o.ins>=0&&o.len>a)&&(l||i.length>h),r.forward2(a),
o.forward(a)}}}}var Et=class{constructor(e){this.set=e,this.i=0,this.next()}next(){let{sections:e}=this.set;this.i<e.length?(this.len=e[this.i++],this.ins=e[this.
i++]):(this.len=0,this.ins=-2),this.off=0}get done(){return this.ins==-2}get len2(){return this.ins<0?this.len:this.ins}get text(){let{inserted:e}=this.set,t=this.
i-2>>1;return t>=e.length?W.empty:e[t]}textBit(e){let{inserted:t}=this.set,i=this.i-2>>1;return i>=t.length&&!e?W.empty:t[i].slice(this.off,e==null?void 0:this.
off+e)}forward(e){e==this.len?this.next():(this.len-=e,this.off+=e)}forward2(e){this.ins==-1?this.forward(e):e==this.ins?this.next():(this.ins-=e,this.off+=e)}},
Tt=class n{constructor(e,t,i,s){this.from=e,this.to=t,this.flags=i,this.goalColumn=s}get anchor(){return this.flags&32?this.to:this.from}get head(){return this.
flags&32?this.from:this.to}get empty(){return this.from==this.to}get assoc(){return this.flags&8?-1:this.flags&16?1:0}get undirectional(){return(this.flags&64)>
0}get bidiLevel(){let e=this.flags&7;return e==7?null:e}map(e,t=-1){let i,s;return this.empty?i=s=e.mapPos(this.from,t):(i=e.mapPos(this.from,1),s=e.mapPos(this.
to,-1)),i==this.from&&s==this.to?this:new n(i,s,this.flags,this.goalColumn)}extend(e,t=e,i=0){if(e<=this.anchor&&t>=this.anchor)return k.range(e,t,void 0,void 0,
i);let s=Math.abs(e-this.anchor)>Math.abs(t-this.anchor)?e:t;return k.range(this.anchor,s,void 0,void 0,i)}eq(e,t=!1){return this.anchor==e.anchor&&this.head==e.
head&&this.goalColumn==e.goalColumn&&(!t||!this.empty||this.assoc==e.assoc)}toJSON(){return{anchor:this.anchor,head:this.head}}static fromJSON(e){if(!e||typeof e.
anchor!="number"||typeof e.head!="number")throw new RangeError("Invalid JSON representation for SelectionRange");return k.range(e.anchor,e.head)}static create(e,t,i,s){
return new n(e,t,i,s)}},k=class n{constructor(e,t){this.ranges=e,this.mainIndex=t}map(e,t=-1){return e.empty?this:n.create(this.ranges.map(i=>i.map(e,t)),this.mainIndex)}eq(e,t=!1){
if(this.ranges.length!=e.ranges.length||this.mainIndex!=e.mainIndex)return!1;for(let i=0;i<this.ranges.length;i++)if(!this.ranges[i].eq(e.ranges[i],t))return!1;
return!0}get main(){return this.ranges[this.mainIndex]}asSingle(){return this.ranges.length==1?this:new n([this.main],0)}addRange(e,t=!0){return n.create([e].concat(
this.ranges),t?0:this.mainIndex+1)}replaceRange(e,t=this.mainIndex){let i=this.ranges.slice();return i[t]=e,n.create(i,this.mainIndex)}toJSON(){return{ranges:this.
ranges.map(e=>e.toJSON()),main:this.mainIndex}}static fromJSON(e){if(!e||!Array.isArray(e.ranges)||typeof e.main!="number"||e.main>=e.ranges.length)throw new RangeError(
"Invalid JSON representation for EditorSelection");return new n(e.ranges.map(t=>Tt.fromJSON(t)),e.main)}static single(e,t=e){return new n([n.range(e,t)],0)}static create(e,t=0){
if(e.length==0)throw new RangeError("A selection needs at least one range");for(let i=0,s=0;s<e.length;s++){let r=e[s];if(r.empty?r.from<=i:r.from<i)return n.normalized(
e.slice(),t);i=r.to}return new n(e,t)}static cursor(e,t=0,i,s){return Tt.create(e,e,(t==0?0:t<0?8:16)|(i==null?7:Math.min(6,i)),s)}static range(e,t,i,s,r){let o=s==
null?7:Math.min(6,s);return!r&&e!=t&&(r=t<e?1:-1),r&&(o|=r<0?8:16),t<e?Tt.create(t,e,o|32,i):Tt.create(e,t,o,i)}static undirectionalRange(e,t){return Tt.create(
e,t,64,void 0)}static normalized(e,t=0){let i=e[t];e.sort((s,r)=>s.from-r.from),t=e.indexOf(i);for(let s=1;s<e.length;s++){let r=e[s],o=e[s-1];if(r.empty?r.from<=
o.to:r.from<o.to){let l=o.from,a=Math.max(r.to,o.to);s<=t&&t--,e.splice(--s,2,r.anchor>r.head?n.range(a,l):n.range(l,a))}}return new n(e,t)}};function Sa(n,e){for(let t of n.
ranges)if(t.to>e)throw new RangeError("Selection points outside of document")}var Or=0,C=class n{constructor(e,t,i,s,r){this.combine=e,this.compareInput=t,this.
compare=i,this.isStatic=s,this.id=Or++,this.default=e([]),this.extensions=typeof r=="function"?r(this):r}get reader(){return this}static define(e={}){return new n(
e.combine||(t=>t),e.compareInput||((t,i)=>t===i),e.compare||(e.combine?(t,i)=>t===i:Cr),!!e.static,e.enables)}of(e){return new ei([],this,0,e)}compute(e,t){if(this.
isStatic)throw new Error("Can't compute a static facet");return new ei(e,this,1,t)}computeN(e,t){if(this.isStatic)throw new Error("Can't compute a static facet");
return new ei(e,this,2,t)}from(e,t){return t||(t=i=>i),this.compute([e],i=>t(i.field(e)))}};function Cr(n,e){return n==e||n.length==e.length&&n.every((t,i)=>t===
e[i])}var ei=class{constructor(e,t,i,s){this.dependencies=e,this.facet=t,this.type=i,this.value=s,this.id=Or++}dynamicSlot(e){var t;let i=this.value,s=this.facet.
compareInput,r=this.id,o=e[r]>>1,l=this.type==2,a=!1,h=!1,c=[];for(let f of this.dependencies)f=="doc"?a=!0:f=="selection"?h=!0:(((t=e[f.id])!==null&&t!==void 0?
t:1)&1)==0&&c.push(e[f.id]);return{create(f){return f.values[o]=i(f),1},update(f,u){if(a&&u.docChanged||h&&(u.docChanged||u.selection)||mr(f,c)){let d=i(f);if(l?
!ba(d,f.values[o],s):!s(d,f.values[o]))return f.values[o]=d,1}return 0},reconfigure:(f,u)=>{let d,p=u.config.address[r];if(p!=null){let m=En(u,p);if(this.dependencies.
every(g=>g instanceof C?u.facet(g)===f.facet(g):g instanceof ee?u.field(g,!1)==f.field(g,!1):!0)||(l?ba(d=i(f),m,s):s(d=i(f),m)))return f.values[o]=m,0}else d=i(
f);return f.values[o]=d,1}}}get extension(){return this}};function ba(n,e,t){if(n.length!=e.length)return!1;for(let i=0;i<n.length;i++)if(!t(n[i],e[i]))return!1;
return!0}function mr(n,e){let t=!1;for(let i of e)Ii(n,i)&1&&(t=!0);return t}function Cd(n,e,t){let i=t.map(a=>n[a.id]),s=t.map(a=>a.type),r=i.filter(a=>!(a&1)),
o=n[e.id]>>1;function l(a){let h=[];for(let c=0;c<i.length;c++){let f=En(a,i[c]);if(s[c]==2)for(let u of f)h.push(u);else h.push(f)}return e.combine(h)}return{create(a){
for(let h of i)Ii(a,h);return a.values[o]=l(a),1},update(a,h){if(!mr(a,r))return 0;let c=l(a);return e.compare(c,a.values[o])?0:(a.values[o]=c,1)},reconfigure(a,h){
let c=mr(a,i),f=h.config.facets[e.id],u=h.facet(e);if(f&&!c&&Cr(t,f))return a.values[o]=u,0;let d=l(a);return e.compare(d,u)?(a.values[o]=u,0):(a.values[o]=d,1)}}}
var On=C.define({static:!0}),ee=class n{constructor(e,t,i,s,r){this.id=e,this.createF=t,this.updateF=i,this.compareF=s,this.spec=r,this.provides=void 0}static define(e){
let t=new n(Or++,e.create,e.update,e.compare||((i,s)=>i===s),e);return e.provide&&(t.provides=e.provide(t)),t}create(e){let t=e.facet(On).find(i=>i.field==this);
return(t?.create||this.createF)(e)}slot(e){let t=e[this.id]>>1;return{create:i=>(i.values[t]=this.create(i),1),update:(i,s)=>{let r=i.values[t],o=this.updateF(r,
s);return this.compareF(r,o)?0:(i.values[t]=o,1)},reconfigure:(i,s)=>{let r=i.facet(On),o=s.facet(On),l;return(l=r.find(a=>a.field==this))&&l!=o.find(a=>a.field==
this)?(i.values[t]=l.create(i),1):s.config.address[this.id]!=null?(i.values[t]=s.field(this),0):(i.values[t]=this.create(i),1)}}}init(e){return[this,On.of({field:this,
create:e})]}get extension(){return this}},Dt={lowest:4,low:3,default:2,high:1,highest:0};function Li(n){return e=>new Dn(e,n)}var pt={highest:Li(Dt.highest),high:Li(
Dt.high),default:Li(Dt.default),low:Li(Dt.low),lowest:Li(Dt.lowest)},Dn=class{constructor(e,t){this.inner=e,this.prec=t}get extension(){return this}},Rn=class n{of(e){
return new Ni(this,e)}reconfigure(e){return n.reconfigure.of({compartment:this,extension:e})}get(e){return e.config.compartments.get(this)}},Ni=class{constructor(e,t){
this.compartment=e,this.inner=t}get extension(){return this}},Bn=class n{constructor(e,t,i,s,r,o){for(this.base=e,this.compartments=t,this.dynamicSlots=i,this.address=
s,this.staticValues=r,this.facets=o,this.statusTemplate=[];this.statusTemplate.length<i.length;)this.statusTemplate.push(0)}staticFacet(e){let t=this.address[e.
id];return t==null?e.default:this.staticValues[t>>1]}static resolve(e,t,i){let s=[],r=Object.create(null),o=new Map;for(let u of Ad(e,t,o))u instanceof ee?s.push(
u):(r[u.facet.id]||(r[u.facet.id]=[])).push(u);let l=Object.create(null),a=[],h=[];for(let u of s)l[u.id]=h.length<<1,h.push(d=>u.slot(d));let c=i?.config.facets;
for(let u in r){let d=r[u],p=d[0].facet,m=c&&c[u]||[];if(d.every(g=>g.type==0))if(l[p.id]=a.length<<1|1,Cr(m,d))a.push(i.facet(p));else{let g=p.combine(d.map(b=>b.
value));a.push(i&&p.compare(g,i.facet(p))?i.facet(p):g)}else{for(let g of d)g.type==0?(l[g.id]=a.length<<1|1,a.push(g.value)):(l[g.id]=h.length<<1,h.push(b=>g.dynamicSlot(
b)));l[p.id]=h.length<<1,h.push(g=>Cd(g,p,d))}}let f=h.map(u=>u(l));return new n(e,o,f,l,a,r)}};function Ad(n,e,t){let i=[[],[],[],[],[]],s=new Map;function r(o,l){
let a=s.get(o);if(a!=null){if(a<=l)return;let h=i[a].indexOf(o);h>-1&&i[a].splice(h,1),o instanceof Ni&&t.delete(o.compartment)}if(s.set(o,l),Array.isArray(o))for(let h of o)
r(h,l);else if(o instanceof Ni){if(t.has(o.compartment))throw new RangeError("Duplicate use of compartment in extensions");let h=e.get(o.compartment)||o.inner;t.
set(o.compartment,h),r(h,l)}else if(o instanceof Dn)r(o.inner,o.prec);else if(o instanceof ee)i[l].push(o),o.provides&&r(o.provides,l);else if(o instanceof ei)i[l].
push(o),o.facet.extensions&&r(o.facet.extensions,Dt.default);else{let h=o.extension;if(!h)throw new Error(`Unrecognized extension value in extension set (${o}).`);
if(h==o)throw new Error(`Unrecognized extension value in extension set (${o}). This sometimes happens because multiple instances of @codemirror/state are loaded\
, breaking instanceof checks.`);r(h,l)}}return r(n,Dt.default),i.reduce((o,l)=>o.concat(l))}function Ii(n,e){if(e&1)return 2;let t=e>>1,i=n.status[t];if(i==4)throw new Error(
"Cyclic dependency between fields and/or facets");if(i&2)return i;n.status[t]=4;let s=n.computeSlot(n,n.config.dynamicSlots[t]);return n.status[t]=2|s}function En(n,e){
return e&1?n.config.staticValues[e>>1]:n.values[e>>1]}var Oa=C.define(),gr=C.define({combine:n=>n.some(e=>e),static:!0}),Ca=C.define({combine:n=>n.length?n[0]:void 0,
static:!0}),Aa=C.define(),Ma=C.define(),Pa=C.define(),Ta=C.define({combine:n=>n.length?n[0]:!1}),Re=class{constructor(e,t){this.type=e,this.value=t}static define(){
return new br}},br=class{of(e){return new Re(this,e)}},yr=class{constructor(e){this.map=e}of(e){return new L(this,e)}},L=class n{constructor(e,t){this.type=e,this.
value=t}map(e){let t=this.type.map(this.value,e);return t===void 0?void 0:t==this.value?this:new n(this.type,t)}is(e){return this.type==e}static define(e={}){return new yr(
e.map||(t=>t))}static mapEffects(e,t){if(!e.length)return e;let i=[];for(let s of e){let r=s.map(t);r&&i.push(r)}return i}};L.reconfigure=L.define();L.appendConfig=
L.define();var ie=class n{constructor(e,t,i,s,r,o){this.startState=e,this.changes=t,this.selection=i,this.effects=s,this.annotations=r,this.scrollIntoView=o,this.
_doc=null,this._state=null,i&&Sa(i,t.newLength),r.some(l=>l.type==n.time)||(this.annotations=r.concat(n.time.of(Date.now())))}static create(e,t,i,s,r,o){return new n(
e,t,i,s,r,o)}get newDoc(){return this._doc||(this._doc=this.changes.apply(this.startState.doc))}get newSelection(){return this.selection||this.startState.selection.
map(this.changes)}get state(){return this._state||this.startState.applyTransaction(this),this._state}annotation(e){for(let t of this.annotations)if(t.type==e)return t.
value}get docChanged(){return!this.changes.empty}get reconfigured(){return this.startState.config!=this.state.config}isUserEvent(e){let t=this.annotation(n.userEvent);
return!!(t&&(t==e||t.length>e.length&&t.slice(0,e.length)==e&&t[e.length]=="."))}};ie.time=Re.define();ie.userEvent=Re.define();ie.addToHistory=Re.define();ie.remote=
Re.define();function Md(n,e){let t=[];for(let i=0,s=0;;){let r,o;if(i<n.length&&(s==e.length||e[s]>=n[i]))r=n[i++],o=n[i++];else if(s<e.length)r=e[s++],o=e[s++];else
return t;!t.length||t[t.length-1]<r?t.push(r,o):t[t.length-1]<o&&(t[t.length-1]=o)}}function Da(n,e,t){var i;let s,r,o;return t?(s=e.changes,r=ue.empty(e.changes.
length),o=n.changes.compose(e.changes)):(s=e.changes.map(n.changes),r=n.changes.mapDesc(e.changes,!0),o=n.changes.compose(s)),{changes:o,selection:e.selection?e.
selection.map(r):(i=n.selection)===null||i===void 0?void 0:i.map(s),effects:L.mapEffects(n.effects,s).concat(L.mapEffects(e.effects,r)),annotations:n.annotations.
length?n.annotations.concat(e.annotations):e.annotations,scrollIntoView:n.scrollIntoView||e.scrollIntoView}}function xr(n,e,t){let i=e.selection,s=ti(e.annotations);
return e.userEvent&&(s=s.concat(ie.userEvent.of(e.userEvent))),{changes:e.changes instanceof ue?e.changes:ue.of(e.changes||[],t,n.facet(Ca)),selection:i&&(i instanceof
k?i:k.single(i.anchor,i.head)),effects:ti(e.effects),annotations:s,scrollIntoView:!!e.scrollIntoView}}function Ra(n,e,t){let i=xr(n,e.length?e[0]:{},n.doc.length);
e.length&&e[0].filter===!1&&(t=!1);for(let r=1;r<e.length;r++){e[r].filter===!1&&(t=!1);let o=!!e[r].sequential;i=Da(i,xr(n,e[r],o?i.changes.newLength:n.doc.length),
o)}let s=ie.create(n,i.changes,i.selection,i.effects,i.annotations,i.scrollIntoView);return Td(t?Pd(s):s)}function Pd(n){let e=n.startState,t=!0;for(let s of e.
facet(Aa)){let r=s(n);if(r===!1){t=!1;break}Array.isArray(r)&&(t=t===!0?r:Md(t,r))}if(t!==!0){let s,r;if(t===!1)r=n.changes.invertedDesc,s=ue.empty(e.doc.length);else{
let o=n.changes.filter(t);s=o.changes,r=o.filtered.mapDesc(o.changes).invertedDesc}n=ie.create(e,s,n.selection&&n.selection.map(r),L.mapEffects(n.effects,r),n.annotations,
n.scrollIntoView)}let i=e.facet(Ma);for(let s=i.length-1;s>=0;s--){let r=i[s](n);r instanceof ie?n=r:Array.isArray(r)&&r.length==1&&r[0]instanceof ie?n=r[0]:n=Ra(
e,ti(r),!1)}return n}function Td(n){let e=n.startState,t=e.facet(Pa),i=n;for(let s=t.length-1;s>=0;s--){let r=t[s](n);r&&Object.keys(r).length&&(i=Da(i,xr(e,r,n.
changes.newLength),!0))}return i==n?n:ie.create(e,n.changes,n.selection,i.effects,i.annotations,i.scrollIntoView)}var Dd=[];function ti(n){return n==null?Dd:Array.
isArray(n)?n:[n]}var K=(function(n){return n[n.Word=0]="Word",n[n.Space=1]="Space",n[n.Other=2]="Other",n})(K||(K={})),Rd=/[\u00df\u0587\u0590-\u05f4\u0600-\u06ff\u3040-\u309f\u30a0-\u30ff\u3400-\u4db5\u4e00-\u9fcc\uac00-\ud7af]/,
kr;try{kr=new RegExp("[\\p{Alphabetic}\\p{Number}_]","u")}catch{}function Bd(n){if(kr)return kr.test(n);for(let e=0;e<n.length;e++){let t=n[e];if(/\w/.test(t)||
t>"\x80"&&(t.toUpperCase()!=t.toLowerCase()||Rd.test(t)))return!0}return!1}function Ed(n){return e=>{if(!/\S/.test(e))return K.Space;if(Bd(e))return K.Word;for(let t=0;t<
n.length;t++)if(e.indexOf(n[t])>-1)return K.Word;return K.Other}}var z=class n{constructor(e,t,i,s,r,o){this.config=e,this.doc=t,this.selection=i,this.values=s,
this.status=e.statusTemplate.slice(),this.computeSlot=r,o&&(o._state=this);for(let l=0;l<this.config.dynamicSlots.length;l++)Ii(this,l<<1);this.computeSlot=null}field(e,t=!0){
let i=this.config.address[e.id];if(i==null){if(t)throw new RangeError("Field is not present in this state");return}return Ii(this,i),En(this,i)}update(...e){return Ra(
this,e,!0)}applyTransaction(e){let t=this.config,{base:i,compartments:s}=t;for(let l of e.effects)l.is(Rn.reconfigure)?(t&&(s=new Map,t.compartments.forEach((a,h)=>s.
set(h,a)),t=null),s.set(l.value.compartment,l.value.extension)):l.is(L.reconfigure)?(t=null,i=l.value):l.is(L.appendConfig)&&(t=null,i=ti(i).concat(l.value));let r;
t?r=e.startState.values.slice():(t=Bn.resolve(i,s,this),r=new n(t,this.doc,this.selection,t.dynamicSlots.map(()=>null),(a,h)=>h.reconfigure(a,this),null).values);
let o=e.startState.facet(gr)?e.newSelection:e.newSelection.asSingle();new n(t,e.newDoc,o,r,(l,a)=>a.update(l,e),e)}replaceSelection(e){return typeof e=="string"&&
(e=this.toText(e)),this.changeByRange(t=>({changes:{from:t.from,to:t.to,insert:e},range:k.cursor(t.from+e.length,-1)}))}changeByRange(e){let t=this.selection,i=e(
t.ranges[0]),s=this.changes(i.changes),r=[i.range],o=ti(i.effects);for(let l=1;l<t.ranges.length;l++){let a=e(t.ranges[l]),h=this.changes(a.changes),c=h.map(s);
for(let u=0;u<l;u++)r[u]=r[u].map(c);let f=s.mapDesc(h,!0);r.push(a.range.map(f)),s=s.compose(c),o=L.mapEffects(o,c).concat(L.mapEffects(ti(a.effects),f))}return{
changes:s,selection:k.create(r,t.mainIndex),effects:o}}changes(e=[]){return e instanceof ue?e:ue.of(e,this.doc.length,this.facet(n.lineSeparator))}toText(e){return W.
of(e.split(this.facet(n.lineSeparator)||ur))}sliceDoc(e=0,t=this.doc.length){return this.doc.sliceString(e,t,this.lineBreak)}facet(e){let t=this.config.address[e.
id];return t==null?e.default:(Ii(this,t),En(this,t))}toJSON(e){let t={doc:this.sliceDoc(),selection:this.selection.toJSON()};if(e)for(let i in e){let s=e[i];s instanceof
ee&&this.config.address[s.id]!=null&&(t[i]=s.spec.toJSON(this.field(e[i]),this))}return t}static fromJSON(e,t={},i){if(!e||typeof e.doc!="string")throw new RangeError(
"Invalid JSON representation for EditorState");let s=[];if(i){for(let r in i)if(Object.prototype.hasOwnProperty.call(e,r)){let o=i[r],l=e[r];s.push(o.init(a=>o.
spec.fromJSON(l,a)))}}return n.create({doc:e.doc,selection:k.fromJSON(e.selection),extensions:t.extensions?s.concat([t.extensions]):s})}static create(e={}){let t=Bn.
resolve(e.extensions||[],new Map),i=e.doc instanceof W?e.doc:W.of((e.doc||"").split(t.staticFacet(n.lineSeparator)||ur)),s=e.selection?e.selection instanceof k?
e.selection:k.single(e.selection.anchor,e.selection.head):k.single(0);return Sa(s,i.length),t.staticFacet(gr)||(s=s.asSingle()),new n(t,i,s,t.dynamicSlots.map(()=>null),
(r,o)=>o.create(r),null)}get tabSize(){return this.facet(n.tabSize)}get lineBreak(){return this.facet(n.lineSeparator)||`
`}get readOnly(){return this.facet(Ta)}phrase(e,...t){for(let i of this.facet(n.phrases))if(Object.prototype.hasOwnProperty.call(i,e)){e=i[e];break}return t.length&&
(e=e.replace(/\$(\$|\d*)/g,(i,s)=>{if(s=="$")return"$";let r=+(s||1);return!r||r>t.length?i:t[r-1]})),e}languageDataAt(e,t,i=-1){let s=[];for(let r of this.facet(
Oa))for(let o of r(this,t,i))Object.prototype.hasOwnProperty.call(o,e)&&s.push(o[e]);return s}charCategorizer(e){let t=this.languageDataAt("wordChars",e);return Ed(
t.length?t[0]:"")}wordAt(e){let{text:t,from:i,length:s}=this.doc.lineAt(e),r=this.charCategorizer(e),o=e-i,l=e-i;for(;o>0;){let a=_(t,o,!1);if(r(t.slice(a,o))!=
K.Word)break;o=a}for(;l<s;){let a=_(t,l);if(r(t.slice(l,a))!=K.Word)break;l=a}return o==l?null:k.range(o+i,l+i)}};z.allowMultipleSelections=gr;z.tabSize=C.define(
{combine:n=>n.length?n[0]:4});z.lineSeparator=Ca;z.readOnly=Ta;z.phrases=C.define({compare(n,e){let t=Object.keys(n),i=Object.keys(e);return t.length==i.length&&
t.every(s=>n[s]==e[s])}});z.languageData=Oa;z.changeFilter=Aa;z.transactionFilter=Ma;z.transactionExtender=Pa;Rn.reconfigure=L.define();function de(n,e,t={}){let i={};
for(let s of n)for(let r of Object.keys(s)){let o=s[r],l=i[r];if(l===void 0)i[r]=o;else if(!(l===o||o===void 0))if(Object.hasOwnProperty.call(t,r))i[r]=t[r](l,o);else
throw new Error("Config merge conflict for field "+r)}for(let s in e)i[s]===void 0&&(i[s]=e[s]);return i}var Ye=class{eq(e){return this==e}range(e,t=e){return Wi.
create(e,t,this)}};Ye.prototype.startSide=Ye.prototype.endSide=0;Ye.prototype.point=!1;Ye.prototype.mapMode=fe.TrackDel;function Ar(n,e){return n==e||n.constructor==
e.constructor&&n.eq(e)}var Wi=class n{constructor(e,t,i){this.from=e,this.to=t,this.value=i}static create(e,t,i){return new n(e,t,i)}};function wr(n,e){return n.
from-e.from||n.value.startSide-e.value.startSide}var vr=class n{constructor(e,t,i,s){this.from=e,this.to=t,this.value=i,this.maxPoint=s}get length(){return Zt(this.
to)}findIndex(e,t,i,s=0){let r=i?this.to:this.from;for(let o=s,l=r.length;;){if(o==l)return o;let a=o+l>>1,h=r[a]-e||(i?this.value[a].endSide:this.value[a].startSide)-
t;if(a==o)return h>=0?o:l;h>=0?l=a:o=a+1}}between(e,t,i,s){for(let r=this.findIndex(t,-1e9,!0),o=this.findIndex(i,1e9,!1,r);r<o;r++)if(s(this.from[r]+e,this.to[r]+
e,this.value[r])===!1)return!1}map(e,t,i,s,r){let o=[],l=[],a=[],h=-1,c=-1;e:for(let f=0;f<this.value.length;f++){let u=this.value[f],d=this.from[f]+e,p=this.to[f]+
e,m,g;if(d==p){let b=t.mapPos(d,u.startSide,u.mapMode);if(b==null||(m=g=b,u.startSide!=u.endSide&&(g=t.mapPos(d,u.endSide),g<m)))continue}else if(m=t.mapPos(d,u.
startSide),g=t.mapPos(p,u.endSide),m>g||m==g&&u.startSide>0&&u.endSide<=0)continue;if(!((g-m||u.endSide-u.startSide)<0))if(h<0&&(h=m),u.point&&(c=Math.max(c,g-m)),
(m-i||u.startSide-s)>=0)o.push(u),l.push(m-h),a.push(g-h),i=g,s=u.endSide;else{if(m==g)for(let b=o.length;b>0;b--){if((m-(a[b-1]+h)||u.startSide-o[b-1].endSide)>=
0){o.splice(b,0,u),l.splice(b,0,m-h),a.splice(b,0,g-h);continue e}if((m-(l[b-1]+h)||u.endSide-o[b-1].startSide)>0)break}r(m,g,u)}}return{mapped:o.length?new n(l,
a,o,c):null,pos:h}}},F=class n{constructor(e,t,i,s){this.chunkPos=e,this.chunk=t,this.nextLayer=i,this.maxPoint=s}static create(e,t,i,s){return new n(e,t,i,s)}get length(){
let e=this.chunk.length-1;return e<0?0:Math.max(this.chunkEnd(e),this.nextLayer.length)}get size(){if(this.isEmpty)return 0;let e=this.nextLayer.size;for(let t of this.
chunk)e+=t.value.length;return e}chunkEnd(e){return this.chunkPos[e]+this.chunk[e].length}update(e){let{add:t=[],sort:i=!1,filterFrom:s=0,filterTo:r=this.length}=e,
o=e.filter;if(t.length==0&&!o)return this;if(i&&(t=t.slice().sort(wr)),this.isEmpty)return t.length?n.of(t):this;let l=new Ln(this,null,-1).goto(0),a=0,h=[],c=new ge;
for(;l.value||a<t.length;)if(a<t.length&&(l.from-t[a].from||l.startSide-t[a].value.startSide)>=0){let f=t[a++];c.addInner(f.from,f.to,f.value,!1)||h.push(f)}else
l.rangeIndex==1&&l.chunkIndex<this.chunk.length&&(a==t.length||this.chunkEnd(l.chunkIndex)<t[a].from)&&(!o||s>this.chunkEnd(l.chunkIndex)||r<this.chunkPos[l.chunkIndex])&&
c.addChunk(this.chunkPos[l.chunkIndex],this.chunk[l.chunkIndex])?l.nextChunk():((!o||s>l.to||r<l.from||o(l.from,l.to,l.value))&&(c.addInner(l.from,l.to,l.value,
!1)||h.push(Wi.create(l.from,l.to,l.value))),l.next());return c.finishInner(this.nextLayer.isEmpty&&!h.length?n.empty:this.nextLayer.update({add:h,filter:o,filterFrom:s,
filterTo:r}))}map(e){if(e.empty||this.isEmpty)return this;let t=[],i=[],s=-1,r,o=(a,h,c)=>{r||(r=new ge),r.addRange(a,h,c,!1)};for(let a=0;a<this.chunk.length;a++){
let h=this.chunkPos[a],c=this.chunk[a],f=e.touchesRange(h,h+c.length);if(f===!1)s=Math.max(s,c.maxPoint),t.push(c),i.push(e.mapPos(h));else if(f===!0){let[u,d]=t.
length?[Zt(i)+Zt(t).length,Zt(Zt(t).value).endSide]:[-1,-1],{mapped:p,pos:m}=c.map(h,e,u,d,o);p&&(s=Math.max(s,p.maxPoint),t.push(p),i.push(m))}}let l=this.nextLayer.
map(e);return r&&(l=r.finishInner(l)),t.length==0?l:new n(i,t,l||n.empty,s)}between(e,t,i){if(!this.isEmpty){for(let s=0;s<this.chunk.length;s++){let r=this.chunkPos[s],
o=this.chunk[s];if(t>=r&&e<=r+o.length&&o.between(r,e-r,t-r,i)===!1)return}this.nextLayer.between(e,t,i)}}iter(e=0){return Fi.from([this]).goto(e)}get isEmpty(){
return this.nextLayer==this}static iter(e,t=0){return Fi.from(e).goto(t)}static compare(e,t,i,s,r=-1){let o=e.filter(f=>f.maxPoint>0||!f.isEmpty&&f.maxPoint>=r),
l=t.filter(f=>f.maxPoint>0||!f.isEmpty&&f.maxPoint>=r),a=ya(o,l,i),h=new Rt(o,a,r),c=new Rt(l,a,r);i.iterGaps((f,u,d)=>xa(h,f,c,u,d,s)),i.empty&&i.length==0&&xa(
h,0,c,0,0,s)}static eq(e,t,i=0,s){s==null&&(s=999999999);let r=e.filter(c=>!c.isEmpty&&t.indexOf(c)<0),o=t.filter(c=>!c.isEmpty&&e.indexOf(c)<0);if(r.length!=o.
length)return!1;if(!r.length)return!0;let l=ya(r,o),a=new Rt(r,l,0).goto(i),h=new Rt(o,l,0).goto(i);for(;;){if(a.to!=h.to||!Sr(a.active,h.active)||a.point&&(!h.
point||!Ar(a.point,h.point)))return!1;if(a.to>s)return!0;a.next(),h.next()}}static spans(e,t,i,s,r=-1){let o=new Rt(e,null,r).goto(t),l=t,a=o.openStart;for(;;){
let h=Math.min(o.to,i);if(o.point){let c=o.activeForPoint(o.to),f=o.pointFrom<t?c.length+1:o.point.startSide<0?c.length:Math.min(c.length,a);s.point(l,h,o.point,
c,f,o.pointRank),a=Math.min(o.openEnd(h),c.length)}else h>l&&(s.span(l,h,o.active,a),a=o.openEnd(h));if(o.to>i)return a+(o.point&&o.to>i?1:0);l=o.to,o.next()}}static of(e,t=!1){
let i=new ge;for(let s of e instanceof Wi?[e]:t?Ld(e):e)i.add(s.from,s.to,s.value);return i.finish()}static join(e){if(!e.length)return n.empty;let t=Zt(e);for(let i=e.
length-2;i>=0;i--)for(let s=e[i];s!=n.empty;s=s.nextLayer)t=new n(s.chunkPos,s.chunk,t,Math.max(s.maxPoint,t.maxPoint));return t}};F.empty=new F([],[],null,-1);
function Zt(n){return n[n.length-1]}function Ld(n){if(n.length>1)for(let e=n[0],t=1;t<n.length;t++){let i=n[t];if(wr(e,i)>0)return n.slice().sort(wr);e=i}return n}
F.empty.nextLayer=F.empty;var ge=class n{finishChunk(e){this.chunks.push(new vr(this.from,this.to,this.value,this.maxPoint)),this.chunkPos.push(this.chunkStart),
this.chunkStart=-1,this.setMaxPoint=Math.max(this.setMaxPoint,this.maxPoint),this.maxPoint=-1,e&&(this.from=[],this.to=[],this.value=[])}constructor(){this.chunks=
[],this.chunkPos=[],this.chunkStart=-1,this.last=null,this.lastFrom=-1e9,this.lastTo=-1e9,this.from=[],this.to=[],this.value=[],this.maxPoint=-1,this.setMaxPoint=
-1,this.nextLayer=null}add(e,t,i){this.addRange(e,t,i,!0)}addRange(e,t,i,s){this.addInner(e,t,i,s)||(this.nextLayer||(this.nextLayer=new n)).addRange(e,t,i,s)}addInner(e,t,i,s){
let r=e-this.lastTo||i.startSide-this.last.endSide;if(s&&r<=0&&(e-this.lastFrom||i.startSide-this.last.startSide)<0)throw new Error("Ranges must be added sorted\
 by `from` position and `startSide`");return r<0?!1:(this.from.length==250&&this.finishChunk(!0),this.chunkStart<0&&(this.chunkStart=e),this.from.push(e-this.chunkStart),
this.to.push(t-this.chunkStart),this.last=i,this.lastFrom=e,this.lastTo=t,this.value.push(i),i.point&&(this.maxPoint=Math.max(this.maxPoint,t-e)),!0)}addChunk(e,t){
if((e-this.lastTo||t.value[0].startSide-this.last.endSide)<0)return!1;this.from.length&&this.finishChunk(!0),this.setMaxPoint=Math.max(this.setMaxPoint,t.maxPoint),
this.chunks.push(t),this.chunkPos.push(e);let i=t.value.length-1;return this.last=t.value[i],this.lastFrom=t.from[i]+e,this.lastTo=t.to[i]+e,!0}finish(){return this.
finishInner(F.empty)}finishInner(e){if(this.from.length&&this.finishChunk(!1),this.chunks.length==0)return e;let t=F.create(this.chunkPos,this.chunks,this.nextLayer?
this.nextLayer.finishInner(e):e,this.setMaxPoint);return this.from=null,t}};function ya(n,e,t){let i=new Map;for(let r of n)for(let o=0;o<r.chunk.length;o++)r.chunk[o].
maxPoint<=0&&i.set(r.chunk[o],r.chunkPos[o]);let s=new Set;for(let r of e)for(let o=0;o<r.chunk.length;o++){let l=i.get(r.chunk[o]);l!=null&&(t?t.mapPos(l):l)==
r.chunkPos[o]&&!t?.touchesRange(l,l+r.chunk[o].length)&&s.add(r.chunk[o])}return s}var Ln=class{constructor(e,t,i,s=0){this.layer=e,this.skip=t,this.minPoint=i,
this.rank=s}get startSide(){return this.value?this.value.startSide:0}get endSide(){return this.value?this.value.endSide:0}goto(e,t=-1e9){return this.chunkIndex=
this.rangeIndex=0,this.gotoInner(e,t,!1),this}gotoInner(e,t,i){for(;this.chunkIndex<this.layer.chunk.length;){let s=this.layer.chunk[this.chunkIndex];if(!(this.
skip&&this.skip.has(s)||this.layer.chunkEnd(this.chunkIndex)<e||s.maxPoint<this.minPoint))break;this.chunkIndex++,i=!1}if(this.chunkIndex<this.layer.chunk.length){
let s=this.layer.chunk[this.chunkIndex].findIndex(e-this.layer.chunkPos[this.chunkIndex],t,!0);(!i||this.rangeIndex<s)&&this.setRangeIndex(s)}this.next()}forward(e,t){
(this.to-e||this.endSide-t)<0&&this.gotoInner(e,t,!0)}next(){for(;;)if(this.chunkIndex==this.layer.chunk.length){this.from=this.to=1e9,this.value=null;break}else{
let e=this.layer.chunkPos[this.chunkIndex],t=this.layer.chunk[this.chunkIndex],i=e+t.from[this.rangeIndex];if(this.from=i,this.to=e+t.to[this.rangeIndex],this.value=
t.value[this.rangeIndex],this.setRangeIndex(this.rangeIndex+1),this.minPoint<0||this.value.point&&this.to-this.from>=this.minPoint)break}}setRangeIndex(e){if(e==
this.layer.chunk[this.chunkIndex].value.length){if(this.chunkIndex++,this.skip)for(;this.chunkIndex<this.layer.chunk.length&&this.skip.has(this.layer.chunk[this.
chunkIndex]);)this.chunkIndex++;this.rangeIndex=0}else this.rangeIndex=e}nextChunk(){this.chunkIndex++,this.rangeIndex=0,this.next()}compare(e){return this.from-
e.from||this.startSide-e.startSide||this.rank-e.rank||this.to-e.to||this.endSide-e.endSide}},Fi=class n{constructor(e){this.heap=e}static from(e,t=null,i=-1){let s=[];
for(let r=0;r<e.length;r++)for(let o=e[r];!o.isEmpty;o=o.nextLayer)o.maxPoint>=i&&s.push(new Ln(o,t,i,r));return s.length==1?s[0]:new n(s)}get startSide(){return this.
value?this.value.startSide:0}goto(e,t=-1e9){for(let i of this.heap)i.goto(e,t);for(let i=this.heap.length>>1;i>=0;i--)cr(this.heap,i);return this.next(),this}forward(e,t){
for(let i of this.heap)i.forward(e,t);for(let i=this.heap.length>>1;i>=0;i--)cr(this.heap,i);(this.to-e||this.value.endSide-t)<0&&this.next()}next(){if(this.heap.
length==0)this.from=this.to=1e9,this.value=null,this.rank=-1;else{let e=this.heap[0];this.from=e.from,this.to=e.to,this.value=e.value,this.rank=e.rank,e.value&&
e.next(),cr(this.heap,0)}}};function cr(n,e){for(let t=n[e];;){let i=(e<<1)+1;if(i>=n.length)break;let s=n[i];if(i+1<n.length&&s.compare(n[i+1])>=0&&(s=n[i+1],i++),
t.compare(s)<0)break;n[i]=t,n[e]=s,e=i}}var Rt=class{constructor(e,t,i){this.minPoint=i,this.active=[],this.activeTo=[],this.activeRank=[],this.minActive=-1,this.
point=null,this.pointFrom=0,this.pointRank=0,this.to=-1e9,this.endSide=0,this.openStart=-1,this.cursor=Fi.from(e,t,i)}goto(e,t=-1e9){return this.cursor.goto(e,t),
this.active.length=this.activeTo.length=this.activeRank.length=0,this.minActive=-1,this.to=e,this.endSide=t,this.openStart=-1,this.next(),this}forward(e,t){for(;this.
minActive>-1&&(this.activeTo[this.minActive]-e||this.active[this.minActive].endSide-t)<0;)this.removeActive(this.minActive);this.cursor.forward(e,t)}removeActive(e){
Cn(this.active,e),Cn(this.activeTo,e),Cn(this.activeRank,e),this.minActive=ka(this.active,this.activeTo)}addActive(e){let t=0,{value:i,to:s,rank:r}=this.cursor;
for(;t<this.activeRank.length&&(r-this.activeRank[t]||s-this.activeTo[t])>0;)t++;An(this.active,t,i),An(this.activeTo,t,s),An(this.activeRank,t,r),e&&An(e,t,this.
cursor.from),this.minActive=ka(this.active,this.activeTo)}next(){let e=this.to,t=this.point;this.point=null;let i=this.openStart<0?[]:null;for(;;){let s=this.minActive;
if(s>-1&&(this.activeTo[s]-this.cursor.from||this.active[s].endSide-this.cursor.startSide)<0){if(this.activeTo[s]>e){this.to=this.activeTo[s],this.endSide=this.
active[s].endSide;break}this.removeActive(s),i&&Cn(i,s)}else if(this.cursor.value)if(this.cursor.from>e){this.to=this.cursor.from,this.endSide=this.cursor.startSide;
break}else{let r=this.cursor.value;if(!r.point)this.addActive(i),this.cursor.next();else if(t&&this.cursor.to==this.to&&this.cursor.from<this.cursor.to)this.cursor.
next();else{this.point=r,this.pointFrom=this.cursor.from,this.pointRank=this.cursor.rank,this.to=this.cursor.to,this.endSide=r.endSide,this.cursor.next(),this.forward(
this.to,this.endSide);break}}else{this.to=this.endSide=1e9;break}}if(i){this.openStart=0;for(let s=i.length-1;s>=0&&i[s]<e;s--)this.openStart++}}activeForPoint(e){
if(!this.active.length)return this.active;let t=[];for(let i=this.active.length-1;i>=0&&!(this.activeRank[i]<this.pointRank);i--)(this.activeTo[i]>e||this.activeTo[i]==
e&&this.active[i].endSide>=this.point.endSide)&&t.push(this.active[i]);return t.reverse()}openEnd(e){let t=0;for(let i=this.activeTo.length-1;i>=0&&this.activeTo[i]>
e;i--)t++;return t}};function xa(n,e,t,i,s,r){n.goto(e),t.goto(i);let o=i+s,l=i,a=i-e,h=!!r.boundChange;for(let c=!1;;){let f=n.to+a-t.to,u=f||n.endSide-t.endSide,
d=u<0?n.to+a:t.to,p=Math.min(d,o);if(n.point||t.point?(n.point&&t.point&&Ar(n.point,t.point)&&Sr(n.activeForPoint(n.to),t.activeForPoint(t.to))||r.comparePoint(
l,p,n.point,t.point),c=!1):(c&&(r.boundChange(l),c=!1),p>l&&!Sr(n.active,t.active)&&r.compareRange(l,p,n.active,t.active),h&&p<o&&(f||n.openEnd(d)!=t.openEnd(d))&&
(c=!0)),d>o)break;l=d,u<=0&&n.next(),u>=0&&t.next()}}function Sr(n,e){if(n.length!=e.length)return!1;for(let t=0;t<n.length;t++)if(n[t]!=e[t]&&!Ar(n[t],e[t]))return!1;
return!0}function Cn(n,e){for(let t=e,i=n.length-1;t<i;t++)n[t]=n[t+1];n.pop()}function An(n,e,t){for(let i=n.length-1;i>=e;i--)n[i+1]=n[i];n[e]=t}function ka(n,e){
let t=-1,i=1e9;for(let s=0;s<e.length;s++)(e[s]-i||n[s].endSide-n[t].endSide)<0&&(t=s,i=e[s]);return t}function mt(n,e,t=n.length){let i=0;for(let s=0;s<t&&s<n.
length;)n.charCodeAt(s)==9?(i+=e-i%e,s++):(i++,s=_(n,s));return i}function Ba(n,e,t,i){for(let s=0,r=0;;){if(r>=e)return s;if(s==n.length)break;r+=n.charCodeAt(
s)==9?t-r%t:1,s=_(n,s)}return i===!0?-1:n.length}var Ea=typeof Symbol>"u"?"__\u037C":Symbol.for("\u037C"),Mr=typeof Symbol>"u"?"__styleSet"+Math.floor(Math.random()*1e8):Symbol("styleSet"),La=typeof globalThis<
"u"?globalThis:typeof window<"u"?window:{},Be=class{constructor(e,t){this.rules=[];let{finish:i}=t||{};function s(r,o,l,a){let h=[],c=/^@(\w+)\b/.exec(r[0]),f=c&&
c[1]=="keyframes";if(c&&o==null)return l.push(r[0]+";");for(let u in o){let d=o[u];if(/&/.test(u))s(u.split(/,\s*/).map(p=>r.map(m=>p.replace(/&/,m))).reduce((p,m)=>p.
concat(m)),d,l);else if(d&&typeof d=="object"){if(!c)throw new RangeError("The value of a property ("+u+") should be a primitive value.");s(Ia(u),d,h,f)}else d!=
null&&(/^--/.test(u)||(u=u.replace(/_.*/,"").replace(/[A-Z]/g,p=>"-"+p.toLowerCase())),h.push(u+": "+d+";"))}(h.length||f)&&l.push((i&&!c&&!a?r.map(i):r).join("\
, ")+" {"+h.join(" ")+"}")}for(let r in e)s(Ia(r),e[r],this.rules)}getRules(){return this.rules.join(`
`)}static newName(){let e=La[Ea]||1;return La[Ea]=e+1,"\u037C"+e.toString(36)}static mount(e,t,i){let s=e[Mr],r=i&&i.nonce;s?r&&s.setNonce(r):s=new Pr(e,r),s.mount(
Array.isArray(t)?t:[t],e)}};function Ia(n){if(/^@/.test(n))return[n];let e=[],t=0,i=null,s=0,r=0;for(let o=0;o<n.length;o++){let l=n[o];l=="\\"?o++:l=='"'||l=="\
'"?l==i?i=!1:i||(i=l):(l=="["||l=="(")&&!i?t++:(l=="]"||l==")")&&!i?t--:l==","&&!t&&!i&&(e.push(n.slice(r,s)),r=o+1),/\S/.test(l)?s=o+1:o==r&&r++}return e.push(
n.slice(r,s)),e}var Na=new Map,Pr=class{constructor(e,t){let i=e.ownerDocument||e,s=i.defaultView;if(!e.head&&e.adoptedStyleSheets&&s.CSSStyleSheet){let r=Na.get(
i);if(r)return e[Mr]=r;this.sheet=new s.CSSStyleSheet,Na.set(i,this)}else this.styleTag=i.createElement("style"),t&&this.styleTag.setAttribute("nonce",t);this.modules=
[],e[Mr]=this}mount(e,t){let i=this.sheet,s=0,r=0,o=!1;for(let l=0;l<e.length;l++){let a=e[l],h=this.modules.indexOf(a);if(h<r&&h>-1&&(this.modules.splice(h,1),
o=!0,r--,h=-1),h==-1){if(this.modules.splice(r++,0,a),o=!0,i)for(let c=0;c<a.rules.length;c++)i.insertRule(a.rules[c],s++)}else{for(;r<h;)s+=this.modules[r++].rules.
length;s+=a.rules.length,r++}}if(i)t.adoptedStyleSheets.indexOf(this.sheet)<0&&(t.adoptedStyleSheets=[this.sheet,...t.adoptedStyleSheets]);else{if(o){let a="";for(let h=0;h<
this.modules.length;h++)a+=this.modules[h].getRules()+`
`;this.styleTag.textContent=a}let l=t.head||t;this.styleTag.parentNode!=l&&l.insertBefore(this.styleTag,l.firstChild)}}setNonce(e){this.styleTag&&this.styleTag.
getAttribute("nonce")!=e&&this.styleTag.setAttribute("nonce",e)}};var ot={8:"Backspace",9:"Tab",10:"Enter",12:"NumLock",13:"Enter",16:"Shift",17:"Control",18:"Alt",20:"CapsLock",27:"Escape",32:" ",33:"PageUp",34:"PageDown",35:"\
End",36:"Home",37:"ArrowLeft",38:"ArrowUp",39:"ArrowRight",40:"ArrowDown",44:"PrintScreen",45:"Insert",46:"Delete",59:";",61:"=",91:"Meta",92:"Meta",106:"*",107:"\
+",108:",",109:"-",110:".",111:"/",144:"NumLock",145:"ScrollLock",160:"Shift",161:"Shift",162:"Control",163:"Control",164:"Alt",165:"Alt",173:"-",186:";",187:"=",
188:",",189:"-",190:".",191:"/",192:"`",219:"[",220:"\\",221:"]",222:"'"},ni={48:")",49:"!",50:"@",51:"#",52:"$",53:"%",54:"^",55:"&",56:"*",57:"(",59:":",61:"+",
173:"_",186:":",187:"+",188:"<",189:"_",190:">",191:"?",192:"~",219:"{",220:"|",221:"}",222:'"'},Id=typeof navigator<"u"&&/Mac/.test(navigator.platform),Nd=typeof navigator<
"u"&&/MSIE \d|Trident\/(?:[7-9]|\d{2,})\..*rv:(\d+)/.exec(navigator.userAgent);for(te=0;te<10;te++)ot[48+te]=ot[96+te]=String(te);var te;for(te=1;te<=24;te++)ot[te+
111]="F"+te;var te;for(te=65;te<=90;te++)ot[te]=String.fromCharCode(te+32),ni[te]=String.fromCharCode(te);var te;for(Nn in ot)ni.hasOwnProperty(Nn)||(ni[Nn]=ot[Nn]);
var Nn;function Wa(n){var e=Id&&n.metaKey&&n.shiftKey&&!n.ctrlKey&&!n.altKey||Nd&&n.shiftKey&&n.key&&n.key.length==1||n.key=="Unidentified",t=!e&&n.key||(n.shiftKey?
ni:ot)[n.keyCode]||n.key||"Unidentified";return t=="Esc"&&(t="Escape"),t=="Del"&&(t="Delete"),t=="Left"&&(t="ArrowLeft"),t=="Up"&&(t="ArrowUp"),t=="Right"&&(t="\
ArrowRight"),t=="Down"&&(t="ArrowDown"),t}function H(){var n=arguments[0];typeof n=="string"&&(n=document.createElement(n));var e=1,t=arguments[1];if(t&&typeof t=="object"&&t.nodeType==null&&!Array.isArray(
t)){for(var i in t)if(Object.prototype.hasOwnProperty.call(t,i)){var s=t[i];typeof s=="string"?n.setAttribute(i,s):s!=null&&(n[i]=s)}e++}for(;e<arguments.length;e++)
Fa(n,arguments[e]);return n}function Fa(n,e){if(typeof e=="string")n.appendChild(document.createTextNode(e));else if(e!=null)if(e.nodeType!=null)n.appendChild(e);else if(Array.
isArray(e))for(var t=0;t<e.length;t++)Fa(n,e[t]);else throw new RangeError("Unsupported child node: "+e)}var pe=typeof navigator<"u"?navigator:{userAgent:"",vendor:"",platform:""},Wr=typeof document<"u"?document:{documentElement:{style:{}}},Fr=/Edge\/(\d+)/.exec(pe.
userAgent),wh=/MSIE \d/.test(pe.userAgent),Hr=/Trident\/(?:[7-9]|\d{2,})\..*rv:(\d+)/.exec(pe.userAgent),ms=!!(wh||Hr||Fr),Ha=!ms&&/gecko\/(\d+)/i.test(pe.userAgent),
Tr=!ms&&/Chrome\/(\d+)/.exec(pe.userAgent),Va="webkitFontSmoothing"in Wr.documentElement.style,Vr=!ms&&/Apple Computer/.test(pe.vendor),za=Vr&&(/Mobile\/\w+/.test(
pe.userAgent)||pe.maxTouchPoints>2),A={mac:za||/Mac/.test(pe.platform),windows:/Win/.test(pe.platform),linux:/Linux|X11/.test(pe.platform),ie:ms,ie_version:wh?Wr.
documentMode||6:Hr?+Hr[1]:Fr?+Fr[1]:0,gecko:Ha,gecko_version:Ha?+(/Firefox\/(\d+)/.exec(pe.userAgent)||[0,0])[1]:0,chrome:!!Tr,chrome_version:Tr?+Tr[1]:0,ios:za,
android:/Android\b/.test(pe.userAgent),webkit:Va,webkit_version:Va?+(/\bAppleWebKit\/(\d+)/.exec(pe.userAgent)||[0,0])[1]:0,safari:Vr,safari_version:Vr?+(/\bVersion\/(\d+(\.\d+)?)/.
exec(pe.userAgent)||[0,0])[1]:0,tabSize:Wr.documentElement.style.tabSize!=null?"tab-size":"-moz-tab-size"};function Io(n,e){for(let t in n)t=="class"&&e.class?e.
class+=" "+n.class:t=="style"&&e.style?e.style+=";"+n.style:e[t]=n[t];return e}var Zn=Object.create(null);function No(n,e,t){if(n==e)return!0;n||(n=Zn),e||(e=Zn);
let i=Object.keys(n),s=Object.keys(e);if(i.length-0!=s.length-0)return!1;for(let r of i)if(r!=t&&(s.indexOf(r)==-1||n[r]!==e[r]))return!1;return!0}function Wd(n,e){
for(let t=n.attributes.length-1;t>=0;t--){let i=n.attributes[t].name;e[i]==null&&n.removeAttribute(i)}for(let t in e){let i=e[t];t=="style"?n.style.cssText=i:n.
getAttribute(t)!=i&&n.setAttribute(t,i)}}function Qa(n,e,t){let i=!1;if(e)for(let s in e)t&&s in t||(i=!0,s=="style"?n.style.cssText="":n.removeAttribute(s));if(t)
for(let s in t)e&&e[s]==t[s]||(i=!0,s=="style"?n.style.cssText=t[s]:n.setAttribute(s,t[s]));return i}function Fd(n){let e=Object.create(null);for(let t=0;t<n.attributes.
length;t++){let i=n.attributes[t];e[i.name]=i.value}return e}var Ce=class{eq(e){return!1}updateDOM(e,t,i){return!1}compare(e){return this==e||this.constructor==
e.constructor&&this.eq(e)}get estimatedHeight(){return-1}get lineBreaks(){return 0}ignoreEvent(e){return!0}coordsAt(e,t,i){return null}get isHidden(){return!1}get editable(){
return!1}destroy(e){}},re=(function(n){return n[n.Text=0]="Text",n[n.WidgetBefore=1]="WidgetBefore",n[n.WidgetAfter=2]="WidgetAfter",n[n.WidgetRange=3]="WidgetR\
ange",n})(re||(re={})),D=class extends Ye{constructor(e,t,i,s){super(),this.startSide=e,this.endSide=t,this.widget=i,this.spec=s}get heightRelevant(){return!1}static mark(e){
return new _i(e)}static widget(e){let t=Math.max(-1e4,Math.min(1e4,e.side||0)),i=!!e.block;return t+=i&&!e.inlineOrder?t>0?3e8:-4e8:t>0?1e8:-1e8,new Wt(e,t,t,i,
e.widget||null,!1)}static replace(e){let t=!!e.block,i,s;if(e.isBlockGap)i=-5e8,s=4e8;else{let{start:r,end:o}=vh(e,t);i=(r?t?-3e8:-1:5e8)-1,s=(o?t?2e8:1:-6e8)+1}
return new Wt(e,i,s,t,e.widget||null,!0)}static line(e){return new Zi(e)}static set(e,t=!1){return F.of(e,t)}hasHeight(){return this.widget?this.widget.estimatedHeight>
-1:!1}};D.none=F.empty;var _i=class n extends D{constructor(e){let{start:t,end:i}=vh(e);super(t?-1:5e8,i?1:-6e8,null,e),this.tagName=e.tagName||"span",this.attrs=
e.class&&e.attributes?Io(e.attributes,{class:e.class}):e.class?{class:e.class}:e.attributes||Zn}eq(e){return this==e||e instanceof n&&this.tagName==e.tagName&&No(
this.attrs,e.attrs)}range(e,t=e){if(e>=t)throw new RangeError("Mark decorations may not be empty");return super.range(e,t)}};_i.prototype.point=!1;var Zi=class n extends D{constructor(e){
super(-2e8,-2e8,null,e)}eq(e){return e instanceof n&&this.spec.class==e.spec.class&&No(this.spec.attributes,e.spec.attributes)}range(e,t=e){if(t!=e)throw new RangeError(
"Line decoration ranges must be zero-length");return super.range(e,t)}};Zi.prototype.mapMode=fe.TrackBefore;Zi.prototype.point=!0;var Wt=class n extends D{constructor(e,t,i,s,r,o){
super(t,i,r,e),this.block=s,this.isReplace=o,this.mapMode=s?t<=0?fe.TrackBefore:fe.TrackAfter:fe.TrackDel}get type(){return this.startSide!=this.endSide?re.WidgetRange:
this.startSide<=0?re.WidgetBefore:re.WidgetAfter}get heightRelevant(){return this.block||!!this.widget&&(this.widget.estimatedHeight>=5||this.widget.lineBreaks>
0)}eq(e){return e instanceof n&&Hd(this.widget,e.widget)&&this.block==e.block&&this.startSide==e.startSide&&this.endSide==e.endSide}range(e,t=e){if(this.isReplace&&
(e>t||e==t&&this.startSide>0&&this.endSide<=0))throw new RangeError("Invalid range for replacement decoration");if(!this.isReplace&&t!=e)throw new RangeError("W\
idget decorations can only have zero-length ranges");return super.range(e,t)}};Wt.prototype.point=!0;function vh(n,e=!1){let{inclusiveStart:t,inclusiveEnd:i}=n;
return t==null&&(t=n.inclusive),i==null&&(i=n.inclusive),{start:t??e,end:i??e}}function Hd(n,e){return n==e||!!(n&&e&&n.compare(e))}function hi(n,e,t,i=0){let s=t.
length-1;s>=0&&t[s]+i>=n?t[s]=Math.max(t[s],e):t.push(n,e)}var Jn=class n extends Ye{constructor(e,t,i){super(),this.tagName=e,this.attributes=t,this.rank=i}eq(e){
return e==this||e instanceof n&&this.tagName==e.tagName&&No(this.attributes,e.attributes)}static create(e){return new n(e.tagName,e.attributes||Zn,e.rank==null?
50:Math.max(0,Math.min(e.rank,100)))}static set(e,t=!1){return F.of(e,t)}};Jn.prototype.startSide=Jn.prototype.endSide=-1;var ne=n=>n.nodeType==1,fi=n=>n.nodeType==
3;function Ji(n){let e;return n.nodeType==11?e=n.getSelection?n:n.ownerDocument:e=n,e.getSelection()}function zr(n,e){return e?n==e||n.contains(e.nodeType!=1?e.
parentNode:e):!1}function Qi(n,e){if(!e.anchorNode)return!1;try{return zr(n,e.anchorNode)}catch{return!1}}function Un(n){return fi(n)?en(n,0,n.nodeValue.length).
getClientRects():ne(n)?n.getClientRects():[]}function qi(n,e,t,i){return t?qa(n,e,t,i,-1)||qa(n,e,t,i,1):!1}function yt(n){for(var e=0;;e++)if(n=n.previousSibling,
!n)return e}function es(n){return ne(n)&&/^(DIV|P|LI|UL|OL|BLOCKQUOTE|DD|DT|H\d|SECTION|PRE)$/.test(n.nodeName)}function qa(n,e,t,i,s){for(;;){if(n==t&&e==i)return!0;
if(e==(s<0?0:ht(n))){if(n.nodeName=="DIV")return!1;let r=n.parentNode;if(!r||!ne(r))return!1;e=yt(n)+(s<0?0:1),n=r}else if(ne(n)){if(n=n.childNodes[e+(s<0?-1:0)],
ne(n)&&(n.nodeName=="IMG"||n.nodeName=="BR"||n.contentEditable=="false"))return!1;e=s<0?ht(n):0}else return!1}}function ht(n){return fi(n)?n.nodeValue.length:n.
childNodes.length}function ts(n,e){let{left:t,right:i}=n;if(t==i)return n;let s=e?t:i;return{left:s,right:s,top:n.top,bottom:n.bottom}}function Vd(n){let e=n.visualViewport;
return e?{left:0,right:e.width,top:0,bottom:e.height}:{left:0,right:n.innerWidth,top:0,bottom:n.innerHeight}}function Sh(n,e){let t=e.width/n.offsetWidth,i=e.height/
n.offsetHeight;return(t>.995&&t<1.005||!isFinite(t)||Math.abs(e.width-n.offsetWidth)<1)&&(t=1),(i>.995&&i<1.005||!isFinite(i)||Math.abs(e.height-n.offsetHeight)<
1)&&(i=1),{scaleX:t,scaleY:i}}function zd(n,e,t,i,s,r,o,l){let a=n.ownerDocument,h=a.defaultView||window;for(let c=n,f=!1;c&&!f;)if(ne(c)){let u,d=c==a.body,p=1,
m=1,g=!0,b=!0;if(d)u=Vd(h);else{let T=getComputedStyle(c);if(/^(fixed|sticky)$/.test(T.position)&&(f=!0),(c.scrollHeight<=c.clientHeight||!/auto|scroll/.test(T.
overflowY))&&(b=!1),(c.scrollWidth<=c.clientWidth||!/auto|scroll/.test(T.overflowX))&&(g=!1),!g&&!b){c=c.assignedSlot||c.parentNode;continue}let w=c.getBoundingClientRect();
({scaleX:p,scaleY:m}=Sh(c,w)),u={left:w.left,right:w.left+c.clientWidth*p,top:w.top,bottom:w.top+c.clientHeight*m}}let M=0,x=0;if(b)if(s=="nearest")e.top<u.top+
o?(x=e.top-(u.top+o),t>0&&e.bottom>u.bottom+x&&(x=e.bottom-u.bottom+o)):e.bottom>u.bottom-o&&(x=e.bottom-u.bottom+o,t<0&&e.top-x<u.top&&(x=e.top-(u.top+o)));else{
let T=e.bottom-e.top,w=u.bottom-u.top;x=(s=="center"&&T<=w?e.top+T/2-w/2:s=="start"||s=="center"&&t<0?e.top-o:e.bottom-w+o)-u.top}if(g&&(i=="nearest"?e.left<u.left+
r?(M=e.left-(u.left+r),t>0&&e.right>u.right+M&&(M=e.right-u.right+r)):e.right>u.right-r&&(M=e.right-u.right+r,t<0&&e.left<u.left+M&&(M=e.left-(u.left+r))):M=(i==
"center"?e.left+(e.right-e.left)/2-(u.right-u.left)/2:i=="start"==l?e.left-r:e.right-(u.right-u.left)+r)-u.left),M||x)if(d)h.scrollBy(M,x);else{let T=0,w=0;if(x){
let v=c.scrollTop;c.scrollTop+=x/m,w=(c.scrollTop-v)*m}if(M){let v=c.scrollLeft;c.scrollLeft+=M/p,T=(c.scrollLeft-v)*p}e={left:e.left-T,top:e.top-w,right:e.right-
T,bottom:e.bottom-w},T&&Math.abs(T-M)<1&&(i="nearest"),w&&Math.abs(w-x)<1&&(s="nearest")}if(d)break;(e.top<u.top||e.bottom>u.bottom||e.left<u.left||e.right>u.right)&&
(e={left:Math.max(e.left,u.left),right:Math.min(e.right,u.right),top:Math.max(e.top,u.top),bottom:Math.min(e.bottom,u.bottom)}),c=c.assignedSlot||c.parentNode}else if(c.
nodeType==11)c=c.host;else break}function Oh(n,e=!0){let t=n.ownerDocument,i=null,s=null;for(let r=n.parentNode;r&&!(r==t.body||(!e||i)&&s);)if(ne(r))!s&&r.scrollHeight>
r.clientHeight&&/scroll|auto/.test(getComputedStyle(r).overflowY)&&(s=r),e&&!i&&r.scrollWidth>r.clientWidth&&/scroll|auto/.test(getComputedStyle(r).overflowX)&&
(i=r),r=r.assignedSlot||r.parentNode;else if(r.nodeType==11)r=r.host;else break;return{x:i,y:s}}var Qr=class{constructor(){this.anchorNode=null,this.anchorOffset=
0,this.focusNode=null,this.focusOffset=0}eq(e){return this.anchorNode==e.anchorNode&&this.anchorOffset==e.anchorOffset&&this.focusNode==e.focusNode&&this.focusOffset==
e.focusOffset}setRange(e){let{anchorNode:t,focusNode:i}=e;this.set(t,Math.min(e.anchorOffset,t?ht(t):0),i,Math.min(e.focusOffset,i?ht(i):0))}set(e,t,i,s){this.anchorNode=
e,this.anchorOffset=t,this.focusNode=i,this.focusOffset=s}};function Ch(n){let e=[];for(let t=n;t;t=t.nodeType==11?t.host:t.parentNode)ne(t)&&e.push({node:t,left:t.
scrollLeft,top:t.scrollTop});return e}function Ah(n,e=!0){for(let{node:t,left:i,top:s}of n)e&&t.scrollTop!=s&&(t.scrollTop=s),t.scrollLeft!=i&&(t.scrollLeft=i)}
var Lt=null;A.safari&&A.safari_version>=26&&(Lt=!1);function Mh(n){if(n.setActive)return n.setActive();if(Lt)return n.focus(Lt);let e=Ch(n);n.focus(Lt==null?{get preventScroll(){
return Lt={preventScroll:!0},!0}}:void 0),Lt||(Lt=!1,Ah(e))}var Xa;function en(n,e,t=e){let i=Xa||(Xa=document.createRange());return i.setEnd(n,t),i.setStart(n,
e),i}function ci(n,e,t,i){let s={key:e,code:e,keyCode:t,which:t,cancelable:!0};i&&({altKey:s.altKey,ctrlKey:s.ctrlKey,shiftKey:s.shiftKey,metaKey:s.metaKey}=i);
let r=new KeyboardEvent("keydown",s);r.synthetic=!0,n.dispatchEvent(r);let o=new KeyboardEvent("keyup",s);return o.synthetic=!0,n.dispatchEvent(o),r.defaultPrevented||
o.defaultPrevented}function Qd(n){for(;n;){if(n&&(n.nodeType==9||n.nodeType==11&&n.host))return n;n=n.assignedSlot||n.parentNode}return null}function qd(n,e){let t=e.
focusNode,i=e.focusOffset;if(!t||e.anchorNode!=t||e.anchorOffset!=i)return!1;for(i=Math.min(i,ht(t));;)if(i){if(!ne(t))return!1;let s=t.childNodes[i-1];s.contentEditable==
"false"?i--:(t=s,i=ht(t))}else{if(t==n)return!0;i=yt(t),t=t.parentNode}}function Ph(n){return n instanceof Window?n.pageYOffset>Math.max(0,n.document.documentElement.
scrollHeight-n.innerHeight-4):n.scrollTop>Math.max(1,n.scrollHeight-n.clientHeight-4)}function Th(n,e){for(let t=n,i=e;;){if(fi(t)&&i>0)return{node:t,offset:i};
if(ne(t)&&i>0){if(t.contentEditable=="false")return null;t=t.childNodes[i-1],i=ht(t)}else if(t.parentNode&&!es(t))i=yt(t),t=t.parentNode;else return null}}function Dh(n,e){
for(let t=n,i=e;;){if(fi(t)&&i<t.nodeValue.length)return{node:t,offset:i};if(ne(t)&&i<t.childNodes.length){if(t.contentEditable=="false")return null;t=t.childNodes[i],
i=0}else if(t.parentNode&&!es(t))i=yt(t)+1,t=t.parentNode;else return null}}var _e=class n{constructor(e,t,i=!0){this.node=e,this.offset=t,this.precise=i}static before(e,t){
return new n(e.parentNode,yt(e),t)}static after(e,t){return new n(e.parentNode,yt(e)+1,t)}},q=(function(n){return n[n.LTR=0]="LTR",n[n.RTL=1]="RTL",n})(q||(q={})),
ui=q.LTR,Wo=q.RTL;function Rh(n){let e=[];for(let t=0;t<n.length;t++)e.push(1<<+n[t]);return e}var Xd=Rh("888888888888888888888888888888888886668888887878333333\
3333788888800000000000000000000000000888888000000000000000000000000008888888888888888888888888888888888888786666888808888866338088830888880000000000000000000000\
0800000000000000000000000000000008"),$d=Rh("44444488266272889999999999922222222222222222222222222222222222222222222222299999999999999999999944444444446442228222\
22222222222222222222222222222222222222222222222222222222222222222222222222222222222222222222222222999999949999999229989999223333333333"),qr=Object.create(null),
je=[];for(let n of["()","[]","{}"]){let e=n.charCodeAt(0),t=n.charCodeAt(1);qr[e]=t,qr[t]=-e}function Bh(n){return n<=247?Xd[n]:1424<=n&&n<=1524?2:1536<=n&&n<=1785?
$d[n-1536]:1774<=n&&n<=2220?4:8192<=n&&n<=8204?256:64336<=n&&n<=65023?4:1}var Ud=/[\u0590-\u05f4\u0600-\u06ff\u0700-\u08ac\ufb50-\ufdff]/,Ie=class{get dir(){return this.
level%2?Wo:ui}constructor(e,t,i){this.from=e,this.to=t,this.level=i}side(e,t){return this.dir==t==e?this.to:this.from}forward(e,t){return e==(this.dir==t)}static find(e,t,i,s){
let r=-1;for(let o=0;o<e.length;o++){let l=e[o];if(l.from<=t&&l.to>=t){if(l.level==i)return o;(r<0||(s!=0?s<0?l.from<t:l.to>t:e[r].level>l.level))&&(r=o)}}if(r<
0)throw new RangeError("Index out of range");return r}};function Eh(n,e){if(n.length!=e.length)return!1;for(let t=0;t<n.length;t++){let i=n[t],s=e[t];if(i.from!=
s.from||i.to!=s.to||i.direction!=s.direction||!Eh(i.inner,s.inner))return!1}return!0}var $=[];function Gd(n,e,t,i,s){for(let r=0;r<=i.length;r++){let o=r?i[r-1].
to:e,l=r<i.length?i[r].from:t,a=r?256:s;for(let h=o,c=a,f=a;h<l;h++){let u=Bh(n.charCodeAt(h));u==512?u=c:u==8&&f==4&&(u=16),$[h]=u==4?2:u,u&7&&(f=u),c=u}for(let h=o,
c=a,f=a;h<l;h++){let u=$[h];if(u==128)h<l-1&&c==$[h+1]&&c&24?u=$[h]=c:$[h]=256;else if(u==64){let d=h+1;for(;d<l&&$[d]==64;)d++;let p=h&&c==8||d<t&&$[d]==8?f==1?
1:8:256;for(let m=h;m<d;m++)$[m]=p;h=d-1}else u==8&&f==1&&($[h]=1);c=u,u&7&&(f=u)}}}function Kd(n,e,t,i,s){let r=s==1?2:1;for(let o=0,l=0,a=0;o<=i.length;o++){let h=o?
i[o-1].to:e,c=o<i.length?i[o].from:t;for(let f=h,u,d,p;f<c;f++)if(d=qr[u=n.charCodeAt(f)])if(d<0){for(let m=l-3;m>=0;m-=3)if(je[m+1]==-d){let g=je[m+2],b=g&2?s:
g&4?g&1?r:s:0;b&&($[f]=$[je[m]]=b),l=m;break}}else{if(je.length==189)break;je[l++]=f,je[l++]=u,je[l++]=a}else if((p=$[f])==2||p==1){let m=p==s;a=m?0:1;for(let g=l-
3;g>=0;g-=3){let b=je[g+2];if(b&2)break;if(m)je[g+2]|=2;else{if(b&4)break;je[g+2]|=4}}}}}function Yd(n,e,t,i){for(let s=0,r=i;s<=t.length;s++){let o=s?t[s-1].to:
n,l=s<t.length?t[s].from:e;for(let a=o;a<l;){let h=$[a];if(h==256){let c=a+1;for(;;)if(c==l){if(s==t.length)break;c=t[s++].to,l=s<t.length?t[s].from:e}else if($[c]==
256)c++;else break;let f=r==1,u=(c<e?$[c]:i)==1,d=f==u?f?1:2:i;for(let p=c,m=s,g=m?t[m-1].to:n;p>a;)p==g&&(p=t[--m].from,g=m?t[m-1].to:n),$[--p]=d;a=c}else r=h,
a++}}}function Xr(n,e,t,i,s,r,o){let l=i%2?2:1;if(i%2==s%2)for(let a=e,h=0;a<t;){let c=!0,f=!1;if(h==r.length||a<r[h].from){let m=$[a];m!=l&&(c=!1,f=m==16)}let u=!c&&
l==1?[]:null,d=c?i:i+1,p=a;e:for(;;)if(h<r.length&&p==r[h].from){if(f)break e;let m=r[h];if(!c)for(let g=m.to,b=h+1;;){if(g==t)break e;if(b<r.length&&r[b].from==
g)g=r[b++].to;else{if($[g]==l)break e;break}}if(h++,u)u.push(m);else{m.from>a&&o.push(new Ie(a,m.from,d));let g=m.direction==ui!=!(d%2);$r(n,g?i+1:i,s,m.inner,m.
from,m.to,o),a=m.to}p=m.to}else{if(p==t||(c?$[p]!=l:$[p]==l))break;p++}u?Xr(n,a,p,i+1,s,u,o):a<p&&o.push(new Ie(a,p,d)),a=p}else for(let a=t,h=r.length;a>e;){let c=!0,
f=!1;if(!h||a>r[h-1].to){let m=$[a-1];m!=l&&(c=!1,f=m==16)}let u=!c&&l==1?[]:null,d=c?i:i+1,p=a;e:for(;;)if(h&&p==r[h-1].to){if(f)break e;let m=r[--h];if(!c)for(let g=m.
from,b=h;;){if(g==e)break e;if(b&&r[b-1].to==g)g=r[--b].from;else{if($[g-1]==l)break e;break}}if(u)u.push(m);else{m.to<a&&o.push(new Ie(m.to,a,d));let g=m.direction==
ui!=!(d%2);$r(n,g?i+1:i,s,m.inner,m.from,m.to,o),a=m.from}p=m.from}else{if(p==e||(c?$[p-1]!=l:$[p-1]==l))break;p--}u?Xr(n,p,a,i+1,s,u,o):p<a&&o.push(new Ie(p,a,
d)),a=p}}function $r(n,e,t,i,s,r,o){let l=e%2?2:1;Gd(n,s,r,i,l),Kd(n,s,r,i,l),Yd(s,r,i,l),Xr(n,s,r,e,t,i,o)}function jd(n,e,t){if(!n)return[new Ie(0,0,e==Wo?1:0)];
if(e==ui&&!t.length&&!Ud.test(n))return Lh(n.length);if(t.length)for(;n.length>$.length;)$[$.length]=256;let i=[],s=e==ui?0:1;return $r(n,s,s,t,0,n.length,i),i}
function Lh(n){return[new Ie(0,n,0)]}var Ih="";function _d(n,e,t,i,s){var r;if(!n.length)return null;let o=i.head-n.from,l;if(i.head==n.from&&i.assoc<0){if(!s)return null;
o=e[l=0].side(!1,t)}else if(i.head==n.to&&i.assoc>0){if(s)return null;o=e[l=e.length-1].side(!0,t)}else l=Ie.find(e,o,(r=i.bidiLevel)!==null&&r!==void 0?r:-1,i.
assoc);let a=e[l],h=a.side(s,t);if(o==h){let u=l+=s?1:-1;if(u<0||u>=e.length)return null;a=e[l=u],o=a.side(!s,t),h=a.side(s,t)}let c=_(n.text,o,a.forward(s,t));
(c<a.from||c>a.to)&&(c=h),Ih=n.text.slice(Math.min(o,c),Math.max(o,c));let f=l==(s?e.length-1:0)?null:e[l+(s?1:-1)];if(c==h){if(!f)return s?k.cursor(n.to,1):k.cursor(
n.from,-1);if(f.level+(s?0:1)<a.level)return k.cursor(f.side(!s,t)+n.from,f.forward(s,t)?1:-1,f.level)}return k.cursor(c+n.from,a.forward(s,t)?-1:1,a.level)}function Zd(n,e,t){
for(let i=e;i<t;i++){let s=Bh(n.charCodeAt(i));if(s==1)return ui;if(s==2||s==4)return Wo}}var Nh=C.define(),Wh=C.define(),Fh=C.define(),Hh=C.define(),Ur=C.define(),
Vh=C.define(),zh=C.define(),Fo=C.define(),Ho=C.define(),Qh=C.define({combine:n=>n.some(e=>e)}),qh=C.define({combine:n=>n.some(e=>e)}),Xh=C.define(),Xi=class n{constructor(e,t,i,s,r,o=!1){
this.range=e,this.y=t,this.x=i,this.yMargin=s,this.xMargin=r,this.isSnapshot=o}map(e){return e.empty?this:new n(this.range.map(e),this.y,this.x,this.yMargin,this.
xMargin,this.isSnapshot)}clip(e){return this.range.to<=e.doc.length?this:new n(k.cursor(e.doc.length),this.y,this.x,this.yMargin,this.xMargin,this.isSnapshot)}},
Wn=L.define({map:(n,e)=>n.map(e)}),$h=L.define();function ye(n,e,t){let i=n.facet(Hh);i.length?i[0](e):window.onerror&&window.onerror(String(e),t,void 0,void 0,
e)||(t?console.error(t+":",e):console.error(e))}var lt=C.define({combine:n=>n.length?n[0]:!0}),Jd=0,ri=C.define({combine(n){return n.filter((e,t)=>{for(let i=0;i<
t;i++)if(n[i].plugin==e.plugin)return!1;return!0})}}),Z=class n{constructor(e,t,i,s,r){this.id=e,this.create=t,this.domEventHandlers=i,this.domEventObservers=s,
this.baseExtensions=r(this),this.extension=this.baseExtensions.concat(ri.of({plugin:this,arg:void 0}))}of(e){return this.baseExtensions.concat(ri.of({plugin:this,
arg:e}))}static define(e,t){let{eventHandlers:i,eventObservers:s,provide:r,decorations:o}=t||{};return new n(Jd++,e,i,s,l=>{let a=[];return o&&a.push(gs.of(h=>{
let c=h.plugin(l);return c?o(c):D.none})),r&&a.push(r(l)),a})}static fromClass(e,t){return n.define((i,s)=>new e(i,s),t)}},$i=class{constructor(e){this.spec=e,this.
mustUpdate=null,this.value=null}get plugin(){return this.spec&&this.spec.plugin}update(e){if(this.value){if(this.mustUpdate){let t=this.mustUpdate;if(this.mustUpdate=
null,this.value.update)try{this.value.update(t)}catch(i){if(ye(t.state,i,"CodeMirror plugin crashed"),this.value.destroy)try{this.value.destroy()}catch{}this.deactivate()}}}else if(this.
spec)try{this.value=this.spec.plugin.create(e,this.spec.arg)}catch(t){ye(e.state,t,"CodeMirror plugin crashed"),this.deactivate()}return this}destroy(e){var t;if(!((t=
this.value)===null||t===void 0)&&t.destroy)try{this.value.destroy()}catch(i){ye(e.state,i,"CodeMirror plugin crashed")}}deactivate(){this.spec=this.value=null}},
Uh=C.define(),Vo=C.define(),gs=C.define(),Gh=C.define(),zo=C.define(),tn=C.define(),Kh=C.define();function $a(n,e){let t=n.state.facet(Kh);if(!t.length)return t;
let i=t.map(r=>r instanceof Function?r(n):r),s=[];return F.spans(i,e.from,e.to,{point(){},span(r,o,l,a){let h=r-e.from,c=o-e.from,f=s;for(let u=l.length-1;u>=0;u--,
a--){let d=l[u].spec.bidiIsolate,p;if(a>0&&f.length&&(p=f[f.length-1]).to==h&&p.direction==d)p.to=c,f=p.inner;else{let m={from:h,to:c,direction:d,inner:[]};f.push(
m),f=m.inner}}}}),Yh(e.text,s)}function Yh(n,e){for(let t of e){if(t.direction==null){for(let i=t.from,s=0;i<t.to;s++){let r=s<t.inner.length?t.inner[s]:null,o=Zd(
n,i,r?r.from:t.to);if(o){t.direction=o;break}if(!r)break;i=r.to}t.direction==null&&(t.direction=q.LTR)}Yh(n,t.inner)}return e}var jh=C.define();function Qo(n){let e=0,
t=0,i=0,s=0;for(let r of n.state.facet(jh)){let o=r(n);o&&(o.left!=null&&(e=Math.max(e,o.left)),o.right!=null&&(t=Math.max(t,o.right)),o.top!=null&&(i=Math.max(
i,o.top)),o.bottom!=null&&(s=Math.max(s,o.bottom)))}return{left:e,right:t,top:i,bottom:s}}var Vi=C.define(),Ve=class n{constructor(e,t,i,s){this.fromA=e,this.toA=
t,this.fromB=i,this.toB=s}join(e){return new n(Math.min(this.fromA,e.fromA),Math.max(this.toA,e.toA),Math.min(this.fromB,e.fromB),Math.max(this.toB,e.toB))}addToSet(e){
let t=e.length,i=this;for(;t>0;t--){let s=e[t-1];if(!(s.fromA>i.toA)){if(s.toA<i.fromA)break;i=i.join(s),e.splice(t-1,1)}}return e.splice(t,0,i),e}static extendWithRanges(e,t){
if(t.length==0)return e;let i=[];for(let s=0,r=0,o=0;;){let l=s<e.length?e[s].fromB:1e9,a=r<t.length?t[r]:1e9,h=Math.min(l,a);if(h==1e9)break;let c=h+o,f=h,u=c;
for(;;)if(r<t.length&&t[r]<=f){let d=t[r+1];r+=2,f=Math.max(f,d);for(let p=s;p<e.length&&e[p].fromB<=f;p++)o=e[p].toA-e[p].toB;u=Math.max(u,d+o)}else if(s<e.length&&
e[s].fromB<=f){let d=e[s++];f=Math.max(f,d.toB),u=Math.max(u,d.toA),o=d.toA-d.toB}else break;i.push(new n(c,u,h,f))}return i}},is=class n{constructor(e,t,i){this.
view=e,this.state=t,this.transactions=i,this.flags=0,this.startState=e.state,this.changes=ue.empty(this.startState.doc.length);for(let r of i)this.changes=this.
changes.compose(r.changes);let s=[];this.changes.iterChangedRanges((r,o,l,a)=>s.push(new Ve(r,o,l,a))),this.changedRanges=s}static create(e,t,i){return new n(e,
t,i)}get viewportChanged(){return(this.flags&4)>0}get viewportMoved(){return(this.flags&8)>0}get heightChanged(){return(this.flags&2)>0}get geometryChanged(){return this.
docChanged||(this.flags&18)>0}get focusChanged(){return(this.flags&1)>0}get docChanged(){return!this.changes.empty}get selectionSet(){return this.transactions.some(
e=>e.selection)}get empty(){return this.flags==0&&this.transactions.length==0}},ep=[],Y=class{constructor(e,t,i=0){this.dom=e,this.length=t,this.flags=i,this.parent=
null,e.cmTile=this}get breakAfter(){return this.flags&1}get children(){return ep}isWidget(){return!1}get isHidden(){return!1}isComposite(){return!1}isLine(){return!1}isText(){
return!1}isBlock(){return!1}get domAttrs(){return null}sync(e){if(this.flags|=2,this.flags&4){this.flags&=-5;let t=this.domAttrs;t&&Wd(this.dom,t)}}toString(){return this.
constructor.name+(this.children.length?`(${this.children})`:"")+(this.breakAfter?"#":"")}destroy(){this.parent=null}setDOM(e){this.dom=e,e.cmTile=this}get posAtStart(){
return this.parent?this.parent.posBefore(this):0}get posAtEnd(){return this.posAtStart+this.length}posBefore(e,t=this.posAtStart){let i=t;for(let s of this.children){
if(s==e)return i;i+=s.length+s.breakAfter}throw new RangeError("Invalid child in posBefore")}posAfter(e){return this.posBefore(e)+e.length}covers(e){return!0}coordsIn(e,t,i){
return null}domPosFor(e,t){let i=yt(this.dom),s=this.length?e>0:t>0;return new _e(this.parent.dom,i+(s?1:0),e==0||e==this.length)}markDirty(e){this.flags&=-3,e&&
(this.flags|=4),this.parent&&this.parent.flags&2&&this.parent.markDirty(!1)}get overrideDOMText(){return null}get root(){for(let e=this;e;e=e.parent)if(e instanceof
pi)return e;return null}static get(e){return e.cmTile}},di=class extends Y{constructor(e){super(e,0),this._children=[]}isComposite(){return!0}get children(){return this.
_children}get lastChild(){return this.children.length?this.children[this.children.length-1]:null}append(e){this.children.push(e),e.parent=this}sync(e){if(this.flags&
2)return;super.sync(e);let t=this.dom,i=null,s,r=e?.node==t?e:null,o=0;for(let l of this.children){if(l.sync(e),o+=l.length+l.breakAfter,s=i?i.nextSibling:t.firstChild,
r&&s!=l.dom&&(r.written=!0),l.dom.parentNode==t)for(;s&&s!=l.dom;)s=Ua(s);else t.insertBefore(l.dom,s);i=l.dom}for(s=i?i.nextSibling:t.firstChild,r&&s&&(r.written=
!0);s;)s=Ua(s);this.length=o}};function Ua(n){let e=n.nextSibling;return n.parentNode.removeChild(n),e}var pi=class extends di{constructor(e,t){super(t),this.view=
e}owns(e){for(;e;e=e.parent)if(e==this)return!0;return!1}isBlock(){return!0}nearest(e){for(;;){if(!e)return null;let t=Y.get(e);if(t&&this.owns(t))return t;e=e.
parentNode}}blockTiles(e){for(let t=[],i=this,s=0,r=0;;)if(s==i.children.length){if(!t.length)return;i=i.parent,i.breakAfter&&r++,s=t.pop()}else{let o=i.children[s++];
if(o instanceof at)t.push(s),i=o,s=0;else{let l=r+o.length,a=e(o,r);if(a!==void 0)return a;r=l+o.breakAfter}}}resolveBlock(e,t){let i,s=-1,r,o=-1;if(this.blockTiles(
(l,a)=>{let h=a+l.length;if(e>=a&&e<=h){if(l.isWidget()&&t>=-1&&t<=1){if(l.flags&32)return!0;l.flags&16&&(i=void 0)}(a<e||e==h&&(t<-1?l.length:l.covers(1)))&&(!i||
!l.isWidget()&&i.isWidget())&&(i=l,s=e-a),(h>e||e==a&&(t>1?l.length:l.covers(-1)))&&(!r||!l.isWidget()&&r.isWidget())&&(r=l,o=e-a)}}),!i&&!r)throw new Error("No\
 tile at position "+e);return i&&t<0||!r?{tile:i,offset:s}:{tile:r,offset:o}}},at=class n extends di{constructor(e,t){super(e),this.wrapper=t}isBlock(){return!0}covers(e){
return this.children.length?e<0?this.children[0].covers(-1):this.lastChild.covers(1):!1}get domAttrs(){return this.wrapper.attributes}static of(e,t){let i=new n(
t||document.createElement(e.tagName),e);return t||(i.flags|=4),i}},mi=class n extends di{constructor(e,t){super(e),this.attrs=t}isLine(){return!0}static start(e,t,i){
let s=new n(t||document.createElement("div"),e);return(!t||!i)&&(s.flags|=4),s}get domAttrs(){return this.attrs}resolveInline(e,t,i=!1){let s=null,r=-1,o=null,l=-1;
function a(c,f){for(let u=0,d=0;u<c.children.length&&d<=f;u++){let p=c.children[u],m=d+p.length;m>=f&&(p.isComposite()?a(p,f-d):(!o||i&&o.isHidden&&(t>0&&!(o.flags&
32)||i&&ip(o,p)))&&(m>f||p.flags&32&&t<=1)?(o=p,l=f-d):(d<f||p.flags&16&&!(i&&p.isHidden)&&t>=-1)&&(s=p,r=f-d)),d=m}}a(this,e);let h=(t<0?s:o)||s||o;return h?{tile:h,
offset:h==s?r:l}:null}coordsIn(e,t,i){let s=this.resolveInline(e,t,!0);return s?s.tile.coordsIn(Math.max(0,s.offset),t,i):tp(this)}domIn(e,t){let i=this.resolveInline(
e,t);if(i){let{tile:s,offset:r}=i;if(this.dom.contains(s.dom))return s.isText()?new _e(s.dom,Math.min(s.dom.nodeValue.length,r)):s.domPosFor(r,s.flags&16?1:s.flags&
32?-1:t);let o=i.tile.parent,l=!1;for(let a of o.children){if(l)return new _e(a.dom,0);a==i.tile&&(l=!0)}}return new _e(this.dom,0)}};function tp(n){let e=n.dom.
lastChild;if(!e)return n.dom.getBoundingClientRect();let t=Un(e);return t[t.length-1]||null}function ip(n,e){let t=n.coordsIn(0,1),i=e.coordsIn(0,1);return t&&i&&
i.top<t.bottom}var be=class n extends di{constructor(e,t){super(e),this.mark=t}get domAttrs(){return this.mark.attrs}static of(e,t){let i=new n(t||document.createElement(
e.tagName),e);return t||(i.flags|=4),i}},It=class n extends Y{constructor(e,t){super(e,t.length),this.text=t}sync(e){this.flags&2||(super.sync(e),this.dom.nodeValue!=
this.text&&(e&&e.node==this.dom&&(e.written=!0),this.dom.nodeValue=this.text))}isText(){return!0}toString(){return JSON.stringify(this.text)}coordsIn(e,t,i){let s=this.
dom.nodeValue.length;e>s&&(e=s);let r=e,o=e,l=0;e==0&&t<0||e==s&&t>=0?A.chrome||A.gecko||(e?(r--,l=1):o<s&&(o++,l=-1)):t<0?r--:o<s&&o++;let a=en(this.dom,r,o).getClientRects();
if(!a.length)return null;let h=a[(l?l<0:t>=0)?0:a.length-1];return A.safari&&!l&&h.width==0&&(h=Array.prototype.find.call(a,c=>c.width)||h),i==null?h:ts(h,(l?l>
0:t<0)==i)}static of(e,t){let i=new n(t||document.createTextNode(e),e);return t||(i.flags|=2),i}},Ft=class n extends Y{constructor(e,t,i,s){super(e,t,s),this.widget=
i}isWidget(){return!0}get isHidden(){return this.widget.isHidden}covers(e){return this.flags&48?!1:(this.flags&(e<0?64:128))>0}coordsIn(e,t){return this.coordsInWidget(
e,t,!1)}coordsInWidget(e,t,i){let s=this.widget.coordsAt(this.dom,e,t);if(s)return s;if(i)return ts(this.dom.getBoundingClientRect(),this.length?e==0:t<=0);{let r=this.
dom.getClientRects(),o=null;if(!r.length)return null;let l=this.flags&16?!0:this.flags&32?!1:e>0;for(let a=l?r.length-1:0;o=r[a],!(e>0?a==0:a==r.length-1||o.top<
o.bottom);a+=l?-1:1);return ts(o,!l)}}get overrideDOMText(){if(!this.length)return W.empty;let{root:e}=this;if(!e)return W.empty;let t=this.posAtStart;return e.
view.state.doc.slice(t,t+this.length)}destroy(){super.destroy(),this.widget.destroy(this.dom)}static of(e,t,i,s,r){return r||(r=e.toDOM(t),e.editable||(r.contentEditable=
"false")),new n(r,i,e,s)}},gi=class extends Y{constructor(e){let t=document.createElement("img");t.className="cm-widgetBuffer",t.setAttribute("aria-hidden","tru\
e"),super(t,0,e)}get isHidden(){return!0}get overrideDOMText(){return W.empty}coordsIn(e,t,i){let s=this.dom.getBoundingClientRect();return i==null?s:ts(s,t>0==
i)}},Gr=class{constructor(e){this.index=0,this.beforeBreak=!1,this.parents=[],this.tile=e}advance(e,t,i){let{tile:s,index:r,beforeBreak:o,parents:l}=this;for(;e||
t>0;)if(s.isComposite())if(o){if(!e)break;i&&i.break(),e--,o=!1}else if(r==s.children.length){if(!e&&!l.length)break;i&&i.leave(s),o=!!s.breakAfter,{tile:s,index:r}=
l.pop(),r++}else{let a=s.children[r],h=a.breakAfter;(t>0?a.length<=e:a.length<e)&&(!i||i.skip(a,0,a.length)!==!1||!a.isComposite)?(o=!!h,r++,e-=a.length):(l.push(
{tile:s,index:r}),s=a,r=0,i&&a.isComposite()&&i.enter(a))}else{let a=s.length;if(r<a&&e){let h=Math.min(e,a-r);i&&i.skip(s,r,r+h),e-=h,r+=h}if(r==a)o=!!s.breakAfter,
{tile:s,index:r}=l.pop(),r++;else if(!e)break}return this.tile=s,this.index=r,this.beforeBreak=o,this}get root(){return this.parents.length?this.parents[0].tile:
this.tile}},Kr=class{constructor(e,t,i,s){this.from=e,this.to=t,this.wrapper=i,this.rank=s}},Yr=class{constructor(e,t,i){this.cache=e,this.root=t,this.blockWrappers=
i,this.curLine=null,this.lastBlock=null,this.afterWidget=null,this.pos=0,this.wrappers=[],this.wrapperPos=0}addText(e,t,i,s){var r;this.flushBuffer();let o=this.
ensureMarks(t,i),l=o.lastChild;if(l&&l.isText()&&!(l.flags&8)&&l.length+e.length<512){this.cache.reused.set(l,2);let a=o.children[o.children.length-1]=new It(l.
dom,l.text+e);a.parent=o}else o.append(s||It.of(e,(r=this.cache.find(It))===null||r===void 0?void 0:r.dom));this.pos+=e.length,this.afterWidget=null}addComposition(e,t){
let i=this.curLine;i.dom!=t.line.dom&&(i.setDOM(this.cache.reused.has(t.line)?Dr(t.line.dom):t.line.dom),this.cache.reused.set(t.line,2));let s=i;for(let l=t.marks.
length-1;l>=0;l--){let a=t.marks[l],h=s.lastChild;if(h instanceof be&&h.mark.eq(a.mark))h.dom!=a.dom&&h.setDOM(Dr(a.dom)),s=h;else{let{dom:c}=a;this.cache.reused.
get(a)&&Y.get(a.dom)&&(c=Dr(a.dom));let f=be.of(a.mark,c);s.append(f),s=f}this.cache.reused.set(a,2)}let r=Y.get(e.text);r&&this.cache.reused.set(r,2);let o=new It(
e.text,e.text.nodeValue);o.flags|=8,this.pos=e.range.toB,s.append(o)}addInlineWidget(e,t,i){let s=this.afterWidget&&e.flags&48&&(this.afterWidget.flags&48)==(e.
flags&48);s||this.flushBuffer();let r=this.ensureMarks(t,i);!s&&!(e.flags&16)&&r.append(this.getBuffer(1)),r.append(e),this.pos+=e.length,this.afterWidget=e}addMark(e,t,i){
this.flushBuffer(),this.ensureMarks(t,i).append(e),this.pos+=e.length,this.afterWidget=null}addBlockWidget(e){this.getBlockPos().append(e),this.pos+=e.length,this.
lastBlock=e,this.endLine()}continueWidget(e){let t=this.afterWidget||this.lastBlock;t.length+=e,this.pos+=e}addLineStart(e,t){var i;e||(e=_h);let s=mi.start(e,t||
((i=this.cache.find(mi))===null||i===void 0?void 0:i.dom),!!t);this.getBlockPos().append(this.lastBlock=this.curLine=s)}addLine(e){this.getBlockPos().append(e),
this.pos+=e.length,this.lastBlock=e,this.endLine()}addBreak(){this.lastBlock.flags|=1,this.endLine(),this.pos++}addLineStartIfNotCovered(e){this.blockPosCovered()||
this.addLineStart(e)}ensureLine(e){this.curLine||this.addLineStart(e)}ensureMarks(e,t){var i;let s=this.curLine;for(let r=e.length-1;r>=0;r--){let o=e[r],l;if(t>
0&&(l=s.lastChild)&&l instanceof be&&l.mark.eq(o))s=l,t--;else{let a=be.of(o,(i=this.cache.find(be,h=>h.mark.eq(o)))===null||i===void 0?void 0:i.dom);s.append(a),
s=a,t=0}}return s}endLine(){if(this.curLine){this.flushBuffer();let e=this.curLine.lastChild;(!e||!Ga(this.curLine,!1)||e.dom.nodeName!="BR"&&e.isWidget()&&!(A.
ios&&Ga(this.curLine,!0)))&&this.curLine.append(this.cache.findWidget(Rr,0,32)||new Ft(Rr.toDOM(),0,Rr,32)),this.curLine=this.afterWidget=null}}updateBlockWrappers(){
this.wrapperPos>this.pos+1e4&&(this.blockWrappers.goto(this.pos),this.wrappers.length=0);for(let e=this.wrappers.length-1;e>=0;e--)this.wrappers[e].to<this.pos&&
this.wrappers.splice(e,1);for(let e=this.blockWrappers;e.value&&e.from<=this.pos;e.next())if(e.to>=this.pos){let t=e.rank*102+e.value.rank,i=new Kr(e.from,e.to,
e.value,t),s=this.wrappers.length;for(;s>0&&(this.wrappers[s-1].rank-i.rank||this.wrappers[s-1].to-i.to)<0;)s--;this.wrappers.splice(s,0,i)}this.wrapperPos=this.
pos}getBlockPos(){var e;this.updateBlockWrappers();let t=this.root;for(let i of this.wrappers){let s=t.lastChild;if(i.from<this.pos&&s instanceof at&&s.wrapper.
eq(i.wrapper))t=s;else{let r=at.of(i.wrapper,(e=this.cache.find(at,o=>o.wrapper.eq(i.wrapper)))===null||e===void 0?void 0:e.dom);t.append(r),t=r}}return t}blockPosCovered(){
let e=this.lastBlock;return e!=null&&!e.breakAfter&&(!e.isWidget()||(e.flags&160)>0)}getBuffer(e){let t=2|(e<0?16:32),i=this.cache.find(gi,void 0,1);return i&&(i.
flags=t),i||new gi(t)}flushBuffer(){this.afterWidget&&!(this.afterWidget.flags&32)&&(this.afterWidget.parent.append(this.getBuffer(-1)),this.afterWidget=null)}},
jr=class{constructor(e){this.skipCount=0,this.text="",this.textOff=0,this.cursor=e.iter()}skip(e){this.textOff+e<=this.text.length?this.textOff+=e:(this.skipCount+=
e-(this.text.length-this.textOff),this.text="",this.textOff=0)}next(e){if(this.textOff==this.text.length){let{value:s,lineBreak:r,done:o}=this.cursor.next(this.
skipCount);if(this.skipCount=0,o)throw new Error("Ran out of text content when drawing inline views");this.text=s;let l=this.textOff=Math.min(e,s.length);return r?
null:s.slice(0,l)}let t=Math.min(this.text.length,this.textOff+e),i=this.text.slice(this.textOff,t);return this.textOff=t,i}},ns=[Ft,mi,It,be,gi,at,pi];for(let n=0;n<
ns.length;n++)ns[n].bucket=n;var _r=class{constructor(e){this.view=e,this.buckets=ns.map(()=>[]),this.index=ns.map(()=>0),this.reused=new Map}add(e){let t=e.constructor.
bucket,i=this.buckets[t];i.length<6?i.push(e):i[this.index[t]=(this.index[t]+1)%6]=e}find(e,t,i=2){let s=e.bucket,r=this.buckets[s],o=this.index[s];for(let l=0;l<
r.length;l++){let a=(l+o)%r.length,h=r[a];if((!t||t(h))&&!this.reused.has(h))return r.splice(a,1),a<o&&this.index[s]--,this.reused.set(h,i),h}return null}findWidget(e,t,i){
let s=this.buckets[0];if(s.length)for(let r=0,o=0;;r++){if(r==s.length){if(o)return null;o=1,r=0}let l=s[r];if(!this.reused.has(l)&&(o==0?l.widget.compare(e):l.
widget.constructor==e.constructor&&e.updateDOM(l.dom,this.view,l.widget)))return s.splice(r,1),r<this.index[0]&&this.index[0]--,l.widget==e&&l.length==t&&(l.flags&
497)==i?(this.reused.set(l,1),l):(this.reused.set(l,2),new Ft(l.dom,t,e,l.flags&-498|i))}}reuse(e){return this.reused.set(e,1),e}maybeReuse(e,t=2){if(!this.reused.
has(e))return this.reused.set(e,t),e.dom}clear(){for(let e=0;e<this.buckets.length;e++)this.buckets[e].length=this.index[e]=0}},Zr=class{constructor(e,t,i,s,r){
this.view=e,this.decorations=s,this.disallowBlockEffectsFor=r,this.openWidget=!1,this.openMarks=0,this.cache=new _r(e),this.text=new jr(e.state.doc),this.builder=
new Yr(this.cache,new pi(e,e.contentDOM),F.iter(i)),this.cache.reused.set(t,2),this.old=new Gr(t),this.reuseWalker={skip:(o,l,a)=>{if(this.cache.add(o),o.isComposite())
return!1},enter:o=>this.cache.add(o),leave:()=>{},break:()=>{}}}run(e,t){let i=t&&this.getCompositionContext(t.text);for(let s=0,r=0,o=0;;){let l=o<e.length?e[o++]:
null,a=l?l.fromA:this.old.root.length;if(a>s){let h=a-s;this.preserve(h,!o,!l),s=a,r+=h}if(!l)break;t&&l.fromA<=t.range.fromA&&l.toA>=t.range.toA?(this.forward(
l.fromA,t.range.fromA,t.range.fromA<t.range.toA?1:-1),this.emit(r,t.range.fromB),this.builder.flushBuffer(),this.cache.clear(),this.builder.addComposition(t,i),
this.text.skip(t.range.toB-t.range.fromB),this.forward(t.range.fromA,l.toA),this.emit(t.range.toB,l.toB)):(this.forward(l.fromA,l.toA),this.emit(r,l.toB)),r=l.toB,
s=l.toA}return this.builder.curLine&&this.builder.endLine(),this.builder.root}preserve(e,t,i){let s=rp(this.old),r=this.openMarks;this.old.advance(e,i?1:-1,{skip:(o,l,a)=>{
if(o.isWidget())if(this.openWidget)this.builder.continueWidget(a-l);else{let h=a>0||l<o.length?Ft.of(o.widget,this.view,a-l,o.flags&496,this.cache.maybeReuse(o)):
this.cache.reuse(o);h.flags&256?(h.flags&=-2,this.builder.addBlockWidget(h)):(this.builder.ensureLine(null),this.builder.addInlineWidget(h,s,r),r=s.length)}else if(o.
isText())this.builder.ensureLine(null),!l&&a==o.length&&!this.cache.reused.has(o)?this.builder.addText(o.text,s,r,this.cache.reuse(o)):(this.cache.add(o),this.builder.
addText(o.text.slice(l,a),s,r)),r=s.length;else if(o.isLine())o.flags&=-2,this.cache.reused.set(o,1),this.builder.addLine(o);else if(o instanceof gi)this.cache.
add(o);else if(o instanceof be)this.builder.ensureLine(null),this.builder.addMark(o,s,r),this.cache.reused.set(o,1),r=s.length;else return!1;this.openWidget=!1},
enter:o=>{o.isLine()?this.builder.addLineStart(o.attrs,this.cache.maybeReuse(o)):(this.cache.add(o),o instanceof be&&s.unshift(o.mark)),this.openWidget=!1},leave:o=>{
o.isLine()?s.length&&(s.length=r=0):o instanceof be&&(s.shift(),r=Math.min(r,s.length))},break:()=>{this.builder.addBreak(),this.openWidget=!1}}),this.text.skip(
e)}emit(e,t){let i=null,s=this.builder,r=-1,o=F.spans(this.decorations,e,t,{point:(l,a,h,c,f,u)=>{if(h instanceof Wt){if(this.disallowBlockEffectsFor[u]){if(h.block)
throw new RangeError("Block decorations may not be specified via plugins");if(a>this.view.state.doc.lineAt(l).to)throw new RangeError("Decorations that replace \
line breaks may not be specified via plugins")}if(r=c.length,f>c.length)s.continueWidget(a-l);else{let d=h.widget||(h.block?xt.block:xt.inline),p=np(h),m=this.cache.
findWidget(d,a-l,p)||Ft.of(d,this.view,a-l,p);h.block?(h.startSide>0&&s.addLineStartIfNotCovered(i),s.addBlockWidget(m)):(s.ensureLine(i),s.addInlineWidget(m,c,
f))}i=null}else i=sp(i,h);a>l&&this.text.skip(a-l)},span:(l,a,h,c)=>{for(let f=l;f<a;){let u=this.text.next(Math.min(512,a-f));u==null?(s.addLineStartIfNotCovered(
i),s.addBreak(),f++):(s.ensureLine(i),s.addText(u,h,f==l?c:h.length),f+=u.length),i=null}r=h.length}});r>-1&&(this.openWidget=o>r),this.openWidget||s.addLineStartIfNotCovered(
i),this.openMarks=o}forward(e,t,i=1){t-e<=10?this.old.advance(t-e,i,this.reuseWalker):(this.old.advance(5,-1,this.reuseWalker),this.old.advance(t-e-10,-1),this.
old.advance(5,i,this.reuseWalker))}getCompositionContext(e){let t=[],i=null;for(let s=e.parentNode;;s=s.parentNode){let r=Y.get(s);if(s==this.view.contentDOM)break;
r instanceof be?t.push(r):r?.isLine()?i=r:r instanceof at||(s.nodeName=="DIV"&&!i?i=new mi(s,_h):i||t.push(be.of(new _i({tagName:s.nodeName.toLowerCase(),attributes:Fd(
s)}),s)))}return i?{line:i,marks:t}:null}};function Ga(n,e){let t=i=>{for(let s of i.children)if((e?s.isText():s.length)||t(s))return!0;return!1};return t(n)}function np(n){
let e=n.isReplace?(n.startSide<0?64:0)|(n.endSide>0?128:0):n.startSide>0?32:16;return n.block&&(e|=256),e}var _h={class:"cm-line"};function sp(n,e){let t=e.spec.
attributes,i=e.spec.class;return!t&&!i||(n||(n={class:"cm-line"}),t&&Io(t,n),i&&(n.class+=" "+i)),n}function rp(n){let e=[];for(let t=n.parents.length;t>1;t--){
let i=t==n.parents.length?n.tile:n.parents[t].tile;i instanceof be&&e.push(i.mark)}return e}function Dr(n){let e=Y.get(n);return e&&e.setDOM(n.cloneNode()),n}var xt=class extends Ce{constructor(e){
super(),this.tag=e}eq(e){return e.tag==this.tag}toDOM(){return document.createElement(this.tag)}updateDOM(e){return e.nodeName.toLowerCase()==this.tag}get isHidden(){
return!0}};xt.inline=new xt("span");xt.block=new xt("div");var Rr=new class extends Ce{toDOM(){return document.createElement("br")}get isHidden(){return!0}get editable(){
return!0}},ss=class{constructor(e){this.view=e,this.decorations=[],this.blockWrappers=[],this.dynamicDecorationMap=[!1],this.domChanged=null,this.hasComposition=
null,this.editContextFormatting=D.none,this.lastCompositionAfterCursor=!1,this.minWidth=0,this.minWidthFrom=0,this.minWidthTo=0,this.impreciseAnchor=null,this.impreciseHead=
null,this.forceSelection=!1,this.lastUpdate=Date.now(),this.updateDeco(),this.tile=new pi(e,e.contentDOM),this.updateInner([new Ve(0,0,0,e.state.doc.length)],null)}update(e){
var t;let i=e.changedRanges;this.minWidth>0&&i.length&&(i.every(({fromA:c,toA:f})=>f<this.minWidthFrom||c>this.minWidthTo)?(this.minWidthFrom=e.changes.mapPos(this.
minWidthFrom,1),this.minWidthTo=e.changes.mapPos(this.minWidthTo,1)):this.minWidth=this.minWidthFrom=this.minWidthTo=0),this.updateEditContextFormatting(e);let s=-1;
this.view.inputState.composing>=0&&!this.view.observer.editContext&&(!((t=this.domChanged)===null||t===void 0)&&t.newSel?s=this.domChanged.newSel.head:!dp(e.changes,
this.hasComposition)&&!e.selectionSet&&(s=e.state.selection.main.head));let r=s>-1?lp(this.view,e.changes,s):null;if(this.domChanged=null,this.hasComposition){let{
from:c,to:f}=this.hasComposition;i=new Ve(c,f,e.changes.mapPos(c,-1),e.changes.mapPos(f,1)).addToSet(i.slice())}this.hasComposition=r?{from:r.range.fromB,to:r.range.
toB}:null,(A.ie||A.chrome)&&!r&&e&&e.state.doc.lines!=e.startState.doc.lines&&(this.forceSelection=!0);let o=this.decorations,l=this.blockWrappers;this.updateDeco();
let a=cp(o,this.decorations,e.changes);a.length&&(i=Ve.extendWithRanges(i,a));let h=fp(l,this.blockWrappers,e.changes);return h.length&&(i=Ve.extendWithRanges(i,
h)),r&&!i.some(c=>c.fromA<=r.range.fromA&&c.toA>=r.range.toA)&&(i=r.range.addToSet(i.slice())),this.tile.flags&2&&i.length==0?!1:(this.updateInner(i,r),e.transactions.
length&&(this.lastUpdate=Date.now()),!0)}updateInner(e,t){this.view.viewState.mustMeasureContent=!0;let{observer:i}=this.view;i.ignore(()=>{if(t||e.length){let o=this.
tile,l=new Zr(this.view,o,this.blockWrappers,this.decorations,this.dynamicDecorationMap);t&&Y.get(t.text)&&l.cache.reused.set(Y.get(t.text),2),this.tile=l.run(e,
t),Jr(o,l.cache.reused)}this.tile.dom.style.height=this.view.viewState.contentHeight/this.view.scaleY+"px",this.tile.dom.style.flexBasis=this.minWidth?this.minWidth+
"px":"";let r=A.chrome||A.ios?{node:i.selectionRange.focusNode,written:!1}:void 0;this.tile.sync(r),r&&(r.written||i.selectionRange.focusNode!=r.node||!this.tile.
dom.contains(r.node))&&(this.forceSelection=!0),this.tile.dom.style.height=""});let s=[];if(this.view.viewport.from||this.view.viewport.to<this.view.state.doc.length)
for(let r of this.tile.children)r.isWidget()&&r.widget instanceof Ui&&s.push(r.dom);i.updateGaps(s)}updateEditContextFormatting(e){this.editContextFormatting=this.
editContextFormatting.map(e.changes);for(let t of e.transactions)for(let i of t.effects)i.is($h)&&(this.editContextFormatting=i.value)}updateSelection(e=!1,t=!1){
(e||!this.view.observer.selectionRange.focusNode)&&this.view.observer.readSelectionRange();let{dom:i}=this.tile,s=this.view.root.activeElement,r=s==i,o=!r&&!(this.
view.state.facet(lt)||i.tabIndex>-1)&&Qi(i,this.view.observer.selectionRange)&&!(s&&i.contains(s));if(!(r||t||o))return;let l=this.forceSelection;this.forceSelection=
!1;let a=this.view.state.selection.main,h,c;if(a.empty?c=h=this.inlineDOMNearPos(a.anchor,a.assoc||1):(c=this.inlineDOMNearPos(a.head,a.head==a.from?1:-1),h=this.
inlineDOMNearPos(a.anchor,a.anchor==a.from?1:-1)),A.gecko&&a.empty&&!this.hasComposition&&op(h)){let u=document.createTextNode("");this.view.observer.ignore(()=>h.
node.insertBefore(u,h.node.childNodes[h.offset]||null)),h=c=new _e(u,0),l=!0}let f=this.view.observer.selectionRange;(l||!f.focusNode||(!qi(h.node,h.offset,f.anchorNode,
f.anchorOffset)||!qi(c.node,c.offset,f.focusNode,f.focusOffset))&&!this.suppressWidgetCursorChange(f,a))&&(this.view.observer.ignore(()=>{A.android&&A.chrome&&i.
contains(f.focusNode)&&up(f.focusNode,i)&&(i.blur(),i.focus({preventScroll:!0}));let u=Ji(this.view.root);if(u)if(a.empty){if(A.gecko){let d=ap(h.node,h.offset);
if(d&&d!=3){let p=(d==1?Th:Dh)(h.node,h.offset);p&&(h=new _e(p.node,p.offset))}}u.collapse(h.node,h.offset),a.bidiLevel!=null&&u.caretBidiLevel!==void 0&&(u.caretBidiLevel=
a.bidiLevel)}else if(u.extend){u.collapse(h.node,h.offset);try{u.extend(c.node,c.offset)}catch{}}else{let d=document.createRange();a.anchor>a.head&&([h,c]=[c,h]),
d.setEnd(c.node,c.offset),d.setStart(h.node,h.offset),u.removeAllRanges(),u.addRange(d)}o&&this.view.root.activeElement==i&&(i.blur(),s&&s.focus())}),this.view.
observer.setSelectionRange(h,c)),this.impreciseAnchor=h.precise?null:new _e(f.anchorNode,f.anchorOffset),this.impreciseHead=c.precise?null:new _e(f.focusNode,f.
focusOffset)}suppressWidgetCursorChange(e,t){return this.hasComposition&&t.empty&&qi(e.focusNode,e.focusOffset,e.anchorNode,e.anchorOffset)&&this.posFromDOM(e.focusNode,
e.focusOffset)==t.head}enforceCursorAssoc(){if(this.hasComposition)return;let{view:e}=this,t=e.state.selection.main,i=Ji(e.root),{anchorNode:s,anchorOffset:r}=e.
observer.selectionRange;if(!i||!t.empty||!t.assoc||!i.modify)return;let o=this.lineAt(t.head,t.assoc);if(!o)return;let l=o.posAtStart;if(t.head==l||t.head==l+o.
length)return;let a=this.coordsAt(t.head,-1),h=this.coordsAt(t.head,1);if(!a||!h||a.bottom>h.top)return;let c=this.domAtPos(t.head+t.assoc,t.assoc);i.collapse(c.
node,c.offset),i.modify("move",t.assoc<0?"forward":"backward","lineboundary"),e.observer.readSelectionRange();let f=e.observer.selectionRange;e.docView.posFromDOM(
f.anchorNode,f.anchorOffset)!=t.from&&i.collapse(s,r)}posFromDOM(e,t){let i=this.tile.nearest(e);if(!i)return this.tile.dom.compareDocumentPosition(e)&2?0:this.
view.state.doc.length;let s=i.posAtStart;if(i.isComposite()){let r;if(e==i.dom)r=i.dom.childNodes[t];else{let o=ht(e)==0?0:t==0?-1:1;for(;;){let l=e.parentNode;
if(l==i.dom)break;o==0&&l.firstChild!=l.lastChild&&(e==l.firstChild?o=-1:o=1),e=l}o<0?r=e:r=e.nextSibling}if(r==i.dom.firstChild)return s;for(;r&&!Y.get(r);)r=r.
nextSibling;if(!r)return s+i.length;for(let o=0,l=s;;o++){let a=i.children[o];if(a.dom==r)return l;l+=a.length+a.breakAfter}}else return i.isText()?e==i.dom?s+t:
s+(t?i.length:0):s}domAtPos(e,t){let{tile:i,offset:s}=this.tile.resolveBlock(e,t);return i.isWidget()?i.domPosFor(s,t):i.domIn(s,t)}inlineDOMNearPos(e,t){let i,
s=-1,r=!1,o,l=-1,a=!1;return this.tile.blockTiles((h,c)=>{if(h.isWidget()){if(h.flags&32&&c>=e)return!0;h.flags&16&&(r=!0)}else{let f=c+h.length;if(c<=e&&(i=h,s=
e-c,r=f<e),f>=e&&!o&&(o=h,l=e-c,a=c>e),c>e&&o)return!0}}),!i&&!o?this.domAtPos(e,t):(r&&o?i=null:a&&i&&(o=null),i&&t<0||!o?i.domIn(s,t):o.domIn(l,t))}coordsAt(e,t,i){
let{tile:s,offset:r}=this.tile.resolveBlock(e,t);return s.isWidget()?s.widget instanceof Ui?null:s.coordsInWidget(r,t,!0):s.coordsIn(r,t,i)}lineAt(e,t){let{tile:i}=this.
tile.resolveBlock(e,t);return i.isLine()?i:null}coordsForChar(e){let{tile:t,offset:i}=this.tile.resolveBlock(e,1);if(!t.isLine())return null;function s(r,o){if(r.
isComposite())for(let l of r.children){if(l.length>=o){let a=s(l,o);if(a)return a}if(o-=l.length,o<0)break}else if(r.isText()&&o<r.length){let l=_(r.text,o);if(l==
o)return null;let a=en(r.dom,o,l).getClientRects();for(let h=0;h<a.length;h++){let c=a[h];if(h==a.length-1||c.top<c.bottom&&c.left<c.right)return c}}return null}
return s(t,i)}measureVisibleLineHeights(e){let t=[],{from:i,to:s}=e,r=this.view.contentDOM.clientWidth,o=r>Math.max(this.view.scrollDOM.clientWidth,this.minWidth)+
1,l=-1,a=this.view.textDirection==q.LTR,h=0,c=(f,u,d)=>{for(let p=0;p<f.children.length&&!(u>s);p++){let m=f.children[p],g=u+m.length,b=m.dom.getBoundingClientRect(),
{height:M}=b;if(d&&!p&&(h+=b.top-d.top),m instanceof at)g>i&&c(m,u,b);else if(u>=i&&(h>0&&t.push(-h),t.push(M+h),h=0,o)){let x=m.dom.lastChild,T=x?Un(x):[];if(T.
length){let w=T[T.length-1],v=a?w.right-b.left:b.right-w.left;v>l&&(l=v,this.minWidth=r,this.minWidthFrom=u,this.minWidthTo=g)}}d&&p==f.children.length-1&&(h+=d.
bottom-b.bottom),u=g+m.breakAfter}};return c(this.tile,0,null),t}textDirectionAt(e){let{tile:t}=this.tile.resolveBlock(e,1);return getComputedStyle(t.dom).direction==
"rtl"?q.RTL:q.LTR}measureTextSize(){let e=this.tile.blockTiles(o=>{if(o.isLine()&&o.children.length&&o.length<=20){let l=0,a;for(let h of o.children){if(!h.isText()||
/[^ -~]/.test(h.text))return;let c=Un(h.dom);if(c.length!=1)return;l+=c[0].width,a=c[0].height}if(l)return{lineHeight:o.dom.getBoundingClientRect().height,charWidth:l/
o.length,textHeight:a}}});if(e)return e;let t=document.createElement("div"),i,s,r;return t.className="cm-line",t.style.width="99999px",t.style.position="absolut\
e",t.textContent="abc def ghi jkl mno pqr stu",this.view.observer.ignore(()=>{this.tile.dom.appendChild(t);let o=Un(t.firstChild)[0];i=t.getBoundingClientRect().
height,s=o&&o.width?o.width/27:7,r=o&&o.height?o.height:i,t.remove()}),{lineHeight:i,charWidth:s,textHeight:r}}computeBlockGapDeco(){let e=[],t=this.view.viewState;
for(let i=0,s=0;;s++){let r=s==t.viewports.length?null:t.viewports[s],o=r?r.from-1:this.view.state.doc.length;if(o>i){let l=(t.lineBlockAt(o).bottom-t.lineBlockAt(
i).top)/this.view.scaleY;e.push(D.replace({widget:new Ui(l),block:!0,inclusive:!0,isBlockGap:!0}).range(i,o))}if(!r)break;i=r.to+1}return D.set(e)}updateDeco(){
let e=1,t=this.view.state.facet(gs).map(r=>(this.dynamicDecorationMap[e++]=typeof r=="function")?r(this.view):r),i=!1,s=this.view.state.facet(zo).map((r,o)=>{let l=typeof r==
"function";return l&&(i=!0),l?r(this.view):r});for(s.length&&(this.dynamicDecorationMap[e++]=i,t.push(F.join(s))),this.decorations=[this.editContextFormatting,...t,
this.computeBlockGapDeco(),this.view.viewState.lineGapDeco];e<this.decorations.length;)this.dynamicDecorationMap[e++]=!1;this.blockWrappers=this.view.state.facet(
Gh).map(r=>typeof r=="function"?r(this.view):r)}scrollIntoView(e){if(e.isSnapshot){let h=this.view.viewState.lineBlockAt(e.range.head);this.view.scrollDOM.scrollTop=
h.top-e.yMargin,this.view.scrollDOM.scrollLeft=e.xMargin;return}for(let h of this.view.state.facet(Xh))try{if(h(this.view,e.range,e))return!0}catch(c){ye(this.view.
state,c,"scroll handler")}let{range:t}=e,i=this.coordsAt(t.head,t.assoc||(t.head>t.anchor?-1:1)),s;if(!i)return;!t.empty&&(s=this.coordsAt(t.anchor,t.anchor>t.head?
-1:1))&&(i={left:Math.min(i.left,s.left),top:Math.min(i.top,s.top),right:Math.max(i.right,s.right),bottom:Math.max(i.bottom,s.bottom)});let r=Qo(this.view),o={left:i.
left-r.left,top:i.top-r.top,right:i.right+r.right,bottom:i.bottom+r.bottom},{offsetWidth:l,offsetHeight:a}=this.view.scrollDOM;if(zd(this.view.scrollDOM,o,t.head<
t.anchor?-1:1,e.x,e.y,Math.max(Math.min(e.xMargin,l),-l),Math.max(Math.min(e.yMargin,a),-a),this.view.textDirection==q.LTR),window.visualViewport&&window.innerHeight-
window.visualViewport.height>1&&(i.top>window.visualViewport.offsetTop+window.visualViewport.height||i.bottom<window.visualViewport.offsetTop)){let h=this.view.
docView.lineAt(t.head,1);if(h){let c=Ch(h.dom);h.dom.scrollIntoView({block:"nearest"}),Ah(c,!1)}}}lineHasWidget(e){let t=i=>i.isWidget()||i.children.some(t);return t(
this.tile.resolveBlock(e,1).tile)}destroy(){Jr(this.tile)}};function Jr(n,e){let t=e?.get(n);if(t!=1){t==null&&n.destroy();for(let i of n.children)Jr(i,e)}}function op(n){
return ne(n.node)&&n.node.firstChild&&(n.offset==0||n.node.childNodes[n.offset-1].contentEditable=="false")&&(n.offset==n.node.childNodes.length||n.node.childNodes[n.
offset].contentEditable=="false")}function Zh(n,e){let t=n.observer.selectionRange;if(!t.focusNode)return null;let i=Th(t.focusNode,t.focusOffset),s=Dh(t.focusNode,
t.focusOffset),r=i||s;if(s&&i&&s.node!=i.node){let l=Y.get(s.node);if(!l||l.isText()&&l.text!=s.node.nodeValue)r=s;else if(n.docView.lastCompositionAfterCursor){
let a=Y.get(i.node);!a||a.isText()&&a.text!=i.node.nodeValue||(r=s)}}if(n.docView.lastCompositionAfterCursor=r!=i,!r)return null;let o=e-r.offset;return{from:o,
to:o+r.node.nodeValue.length,node:r.node}}function lp(n,e,t){let i=Zh(n,t);if(!i)return null;let{node:s,from:r,to:o}=i,l=s.nodeValue;if(/[\n\r]/.test(l)||n.state.
doc.sliceString(i.from,i.to)!=l)return null;let a=e.invertedDesc;return{range:new Ve(a.mapPos(r),a.mapPos(o),r,o),text:s}}function ap(n,e){return ne(n)?(e&&n.childNodes[e-
1].contentEditable=="false"?1:0)|(e<n.childNodes.length&&n.childNodes[e].contentEditable=="false"?2:0):0}var hp=class{constructor(){this.changes=[]}compareRange(e,t){
hi(e,t,this.changes)}comparePoint(e,t){hi(e,t,this.changes)}boundChange(e){hi(e,e,this.changes)}};function cp(n,e,t){let i=new hp;return F.compare(n,e,t,i),i.changes}
var eo=class{constructor(){this.changes=[]}compareRange(e,t){hi(e,t,this.changes)}comparePoint(){}boundChange(e){hi(e,e,this.changes)}};function fp(n,e,t){let i=new eo;
return F.compare(n,e,t,i),i.changes}function up(n,e){for(let t=n;t&&t!=e;t=t.assignedSlot||t.parentNode)if(ne(t)&&t.contentEditable=="false")return!0;return!1}function dp(n,e){
let t=!1;return e&&n.iterChangedRanges((i,s)=>{i<e.to&&s>e.from&&(t=!0)}),t}var Ui=class extends Ce{constructor(e){super(),this.height=e}toDOM(){let e=document.
createElement("div");return e.className="cm-gap",this.updateDOM(e),e}eq(e){return e.height==this.height}updateDOM(e){return e.style.height=this.height+"px",!0}get editable(){
return!0}get estimatedHeight(){return this.height}ignoreEvent(){return!1}};function pp(n,e,t=1){let i=n.charCategorizer(e),s=n.doc.lineAt(e),r=e-s.from;if(s.length==
0)return k.cursor(e);r==0?t=1:r==s.length&&(t=-1);let o=r,l=r;t<0?o=_(s.text,r,!1):l=_(s.text,r);let a=i(s.text.slice(o,l));for(;o>0;){let h=_(s.text,o,!1);if(i(
s.text.slice(h,o))!=a)break;o=h}for(;l<s.length;){let h=_(s.text,l);if(i(s.text.slice(l,h))!=a)break;l=h}return k.undirectionalRange(o+s.from,l+s.from)}function mp(n,e,t,i,s){
let r=Math.round((i-e.left)*n.defaultCharacterWidth);if(n.lineWrapping&&t.height>n.defaultLineHeight*1.5){let l=n.viewState.heightOracle.textHeight,a=Math.floor(
(s-t.top-(n.defaultLineHeight-l)*.5)/l);r+=a*n.viewState.heightOracle.lineLength}let o=n.state.sliceDoc(t.from,t.to);return t.from+Ba(o,r,n.state.tabSize)}function to(n,e,t){
let i=n.lineBlockAt(e);if(Array.isArray(i.type)){let s;for(let r of i.type){if(r.from>e)break;if(!(r.to<e)){if(r.from<e&&r.to>e)return r;(!s||r.type==re.Text&&(s.
type!=r.type||(t<0?r.from<e:r.to>e)))&&(s=r)}}return s||i}return i}function gp(n,e,t,i){let s=to(n,e.head,e.assoc||-1),r=!i||s.type!=re.Text||!(n.lineWrapping||
s.widgetLineBreaks)?null:n.coordsAtPos(e.assoc<0&&e.head>s.from?e.head-1:e.head);if(r){let o=n.dom.getBoundingClientRect(),l=n.textDirectionAt(s.from),a=n.posAndSideAtCoords(
{x:t==(l==q.LTR)?o.right-1:o.left+1,y:(r.top+r.bottom)/2});if(a)return k.cursor(a.pos,a.assoc)}return k.cursor(t?s.to:s.from,t?1:-1)}function Ka(n,e,t,i){let s=n.
state.doc.lineAt(e.head),r=n.bidiSpans(s),o=n.textDirectionAt(s.from);for(let l=e,a=null;;){let h=_d(s,r,o,l,t),c=Ih;if(!h){if(s.number==(t?n.state.doc.lines:1))
return l;c=`
`,s=n.state.doc.line(s.number+(t?1:-1)),r=n.bidiSpans(s),h=t?k.cursor(s.from,-1):k.cursor(s.to,1)}if(a){if(!a(c))return l}else{if(!i)return h;a=i(c)}l=h}}function bp(n,e,t){
let i=n.state.charCategorizer(e),s=i(t);return r=>{let o=i(r);return s==K.Space&&(s=o),s==o}}function yp(n,e,t,i){let s=e.head,r=t?1:-1;if(s==(t?n.state.doc.length:
0))return k.cursor(s,e.assoc);let o=e.goalColumn,l,a=n.contentDOM.getBoundingClientRect(),h=n.coordsAtPos(s,e.assoc||((e.empty?t:e.head==e.from)?1:-1)),c=n.documentTop;
if(h)o==null&&(o=h.left-a.left),l=r<0?h.top:h.bottom;else{let p=n.viewState.lineBlockAt(s);o==null&&(o=Math.min(a.right-a.left,n.defaultCharacterWidth*(s-p.from))),
l=(r<0?p.top:p.bottom)+c}let f=a.left+o,u=n.viewState.heightOracle.textHeight>>1,d=i??u;for(let p=0;;p+=u){let m=l+(d+p)*r,g=io(n,{x:f,y:m},!1,r);if(t?m>a.bottom:
m<a.top)return k.cursor(g.pos,g.assoc);let b=n.coordsAtPos(g.pos,g.assoc),M=b?(b.top+b.bottom)/2:0;if(!b||(t?M>l:M<l))return k.cursor(g.pos,g.assoc,void 0,o)}}function Gi(n,e,t){
for(;;){let i=0;for(let s of n)s.between(e-1,e+1,(r,o,l)=>{if(e>r&&e<o){let a=i||t||(e-r<o-e?-1:1);e=a<0?r:o,i=a}});if(!i)return e}}function Jh(n,e){let t=null;
for(let i=0;i<e.ranges.length;i++){let s=e.ranges[i],r=null;if(s.empty){let o=Gi(n,s.from,0);o!=s.from&&(r=k.cursor(o,-1))}else{let o=Gi(n,s.from,-1),l=Gi(n,s.to,
1);(o!=s.from||l!=s.to)&&(s.undirectional?r=k.undirectionalRange(s.from,s.to):r=k.range(s.from==s.anchor?o:l,s.from==s.head?o:l))}r&&(t||(t=e.ranges.slice()),t[i]=
r)}return t?k.create(t,e.mainIndex):e}function Br(n,e,t){let i=Gi(n.state.facet(tn).map(s=>s(n)),t.from,e.head>t.from?-1:1);return i==t.from?t:k.cursor(i,i<t.from?
1:-1)}var Le=class{constructor(e,t){this.pos=e,this.assoc=t}};function io(n,e,t,i){let s=n.contentDOM.getBoundingClientRect(),r=s.top+n.viewState.paddingTop,{x:o,
y:l}=e,a=l-r,h;for(;;){if(a<0)return new Le(0,1);if(a>n.viewState.docHeight)return new Le(n.state.doc.length,-1);if(h=n.elementAtHeight(a),i==null)break;if(h.type==
re.Text){if(i<0?h.to<n.viewport.from:h.from>n.viewport.to)break;let u=n.docView.coordsAt(i<0?h.from:h.to,i>0?-1:1);if(u&&(i<0?u.top<=a+r:u.bottom>=a+r))break}let f=n.
viewState.heightOracle.textHeight/2;a=i>0?h.bottom+f:h.top-f}if(n.viewport.from>=h.to||n.viewport.to<=h.from){if(t)return null;if(h.type==re.Text){let f=mp(n,s,
h,o,l);return new Le(f,f==h.from?1:-1)}}if(h.type!=re.Text)return a<(h.top+h.bottom)/2?new Le(h.from,1):new Le(h.to,-1);let c=n.docView.lineAt(h.from,2);return(!c||
c.length!=h.length)&&(c=n.docView.lineAt(h.from,-2)),new no(n,o,l,n.textDirectionAt(h.from)).scanTile(c,h.from)}var no=class{constructor(e,t,i,s){this.view=e,this.
x=t,this.y=i,this.baseDir=s,this.line=null,this.spans=null}bidiSpansAt(e){return(!this.line||this.line.from>e||this.line.to<e)&&(this.line=this.view.state.doc.lineAt(
e),this.spans=this.view.bidiSpans(this.line)),this}baseDirAt(e,t){let{line:i,spans:s}=this.bidiSpansAt(e);return s[Ie.find(s,e-i.from,-1,t)].level==this.baseDir}dirAt(e,t){
let{line:i,spans:s}=this.bidiSpansAt(e);return s[Ie.find(s,e-i.from,-1,t)].dir}bidiIn(e,t){let{spans:i,line:s}=this.bidiSpansAt(e);return i.length>1||i.length&&
(i[0].level!=this.baseDir||i[0].to+s.from<t)}scan(e,t,i=!1){let s=0,r=e.length-1,o=new Set,l=this.bidiIn(e[0],e[r]),a,h,c=-1,f=1e9,u;e:for(;s<r;){let p=r-s,m=s+
r>>1;t:if(o.has(m)){for(let M=1;M<p;M++){let x=m+M;if(x>=r&&(x-=p),!o.has(x)){m=x;break t}}break e}o.add(m);let g=t(m),b=0;if(g)for(let M=0;M<g.length;M++){let x=g[M];
if(!(x.width==0&&g.length>1))if(x.bottom<this.y)(!a||a.bottom<x.bottom)&&(a=x),b=1;else if(x.top>this.y)(!h||h.top>x.top)&&(h=x),b=-1;else{let T=x.left>this.x?this.
x-x.left:x.right<this.x?this.x-x.right:0,w=Math.abs(T);w<f&&(c=m,f=w,u=x),T&&(b=T<0==(this.baseDir==q.LTR)?-1:1)}}b==-1&&(!l||this.baseDirAt(e[m],1))?r=m:b==1&&
(!l||this.baseDirAt(e[m+1],-1))&&(s=m+1)}if(!u){if(!h&&!a)return{i:0,after:!1};let p=a&&(!h||this.y-a.bottom<h.top-this.y)?a:h;return this.y=(p.top+p.bottom)/2,
this.scan(e,t,!0)}if(f&&!i){let{top:p,bottom:m}=u;if(a&&a.bottom>(p+p+m)/3)return this.y=a.bottom-1,this.scan(e,t,!0);if(h&&h.top<(p+m+m)/3)return this.y=h.top+
1,this.scan(e,t,!0)}let d=(l?this.dirAt(e[c],1):this.baseDir)==q.LTR;return{i:c,after:this.x>(u.left+u.right)/2==d}}scanText(e,t){let i=[];for(let r=0;r<e.length;r=
_(e.text,r))i.push(t+r);i.push(t+e.length);let s=this.scan(i,r=>{let o=i[r]-t,l=i[r+1]-t;return en(e.dom,o,l).getClientRects()});return s.after?new Le(i[s.i+1],
-1):new Le(i[s.i],1)}scanTile(e,t){if(!e.length)return new Le(t,1);if(e.children.length==1){let l=e.children[0];if(l.isText())return this.scanText(l,t);if(l.isComposite())
return this.scanTile(l,t)}let i=[t];for(let l=0,a=t;l<e.children.length;l++)i.push(a+=e.children[l].length);let s=this.scan(i,l=>{let a=e.children[l];return a.flags&
48?null:(ne(a.dom)?a.dom:en(a.dom,0,a.length)).getClientRects()}),r=e.children[s.i],o=i[s.i];return r.isText()?this.scanText(r,o):r.isComposite()?this.scanTile(
r,o):s.after?new Le(i[s.i+1],-1):new Le(o,1)}},si="\uFFFF",so=class{constructor(e,t){this.points=e,this.view=t,this.text="",this.lineSeparator=t.state.facet(z.lineSeparator)}append(e){
this.text+=e}lineBreak(){this.text+=si}readRange(e,t){if(!e)return this;let i=e.parentNode;for(let s=e;;){this.findPointBefore(i,s);let r=this.text.length;this.
readNode(s);let o=Y.get(s),l=s.nextSibling;if(l==t){o?.breakAfter&&!l&&i!=this.view.contentDOM&&this.lineBreak();break}let a=Y.get(l);(o&&a?o.breakAfter:(o?o.breakAfter:
es(s))||es(l)&&(s.nodeName!="BR"||o?.isWidget())&&this.text.length>r)&&!kp(l,t)&&this.lineBreak(),s=l}return this.findPointBefore(i,t),this}readTextNode(e){let t=e.
nodeValue;for(let i of this.points)i.node==e&&(i.pos=this.text.length+Math.min(i.offset,t.length));for(let i=0,s=this.lineSeparator?null:/\r\n?|\n/g;;){let r=-1,
o=1,l;if(this.lineSeparator?(r=t.indexOf(this.lineSeparator,i),o=this.lineSeparator.length):(l=s.exec(t))&&(r=l.index,o=l[0].length),this.append(t.slice(i,r<0?t.
length:r)),r<0)break;if(this.lineBreak(),o>1)for(let a of this.points)a.node==e&&a.pos>this.text.length&&(a.pos-=o-1);i=r+o}}readNode(e){let t=Y.get(e),i=t&&t.overrideDOMText;
if(i!=null){this.findPointInside(e,i.length);for(let s=i.iter();!s.next().done;)s.lineBreak?this.lineBreak():this.append(s.value)}else fi(e)?this.readTextNode(e):
e.nodeName=="BR"?e.nextSibling&&this.lineBreak():ne(e)&&this.readRange(e.firstChild,null)}findPointBefore(e,t){for(let i of this.points)i.node==e&&e.childNodes[i.
offset]==t&&(i.pos=this.text.length)}findPointInside(e,t){for(let i of this.points)(fi(e)?i.node==e:e.contains(i.node))&&(i.pos=this.text.length+(xp(e,i.node,i.
offset)?t:0))}};function xp(n,e,t){for(;;){if(!e||t<ht(e))return!1;if(e==n)return!0;t=yt(e)+1,e=e.parentNode}}function kp(n,e){let t;for(;!(n==e||!n);n=n.nextSibling){
let i=Y.get(n);if(!i?.isWidget())return!1;i&&(t||(t=[])).push(i)}if(t)for(let i of t){let s=i.overrideDOMText;if(s?.length)return!1}return!0}var rs=class{constructor(e,t){
this.node=e,this.offset=t,this.pos=-1}},ro=class{constructor(e,t,i,s){this.typeOver=s,this.bounds=null,this.text="",this.domChanged=t>-1;let{impreciseHead:r,impreciseAnchor:o}=e.
docView,l=e.state.selection;if(e.state.readOnly&&t>-1)this.newSel=null;else if(t>-1&&(this.bounds=ec(e.docView.tile,t,i,0))){let a=r||o?[]:vp(e),h=new so(a,e);h.
readRange(this.bounds.startDOM,this.bounds.endDOM),this.text=h.text,this.newSel=Sp(a,this.bounds.from)}else{let a=e.observer.selectionRange,h=r&&r.node==a.focusNode&&
r.offset==a.focusOffset||!zr(e.contentDOM,a.focusNode)?l.main.head:e.docView.posFromDOM(a.focusNode,a.focusOffset),c=o&&o.node==a.anchorNode&&o.offset==a.anchorOffset||
!zr(e.contentDOM,a.anchorNode)?l.main.anchor:e.docView.posFromDOM(a.anchorNode,a.anchorOffset),f=e.viewport;if((A.ios||A.chrome)&&h!=c&&Math.min(h,c)<=l.main.from&&
Math.max(h,c)>=l.main.to&&(f.from>0||f.to<e.state.doc.length)){let u=Math.min(h,c),d=Math.max(h,c),p=f.from-u,m=f.to-d;(p==0||p==1||u==0)&&(m==0||m==-1||d==e.state.
doc.length)&&(h=0,c=e.state.doc.length)}if(e.inputState.composing>-1&&l.ranges.length>1)this.newSel=l.replaceRange(k.range(c,h));else if(e.lineWrapping&&c==h&&!(l.
main.empty&&l.main.head==h)&&e.inputState.lastTouchTime>Date.now()-100){let u=e.coordsAtPos(h,-1),d=0;u&&(d=e.inputState.lastTouchY<=u.bottom?-1:1),this.newSel=
k.create([k.cursor(h,d)])}else this.newSel=k.single(c,h)}}};function ec(n,e,t,i){if(n.isComposite()){let s=-1,r=-1,o=-1,l=-1;for(let a=0,h=i,c=i;a<n.children.length;a++){
let f=n.children[a],u=h+f.length;if(h<e&&u>t)return ec(f,e,t,h);if(u>=e&&s==-1&&(s=a,r=h),h>t&&f.dom.parentNode==n.dom){o=a,l=c;break}c=u,h=u+f.breakAfter}return{
from:r,to:l<0?i+n.length:l,startDOM:(s?n.children[s-1].dom.nextSibling:null)||n.dom.firstChild,endDOM:o<n.children.length&&o>=0?n.children[o].dom:null}}else return n.
isText()?{from:i,to:i+n.length,startDOM:n.dom,endDOM:n.dom.nextSibling}:null}function tc(n,e){let t,{newSel:i}=e,{state:s}=n,r=s.selection.main,o=n.inputState.lastKeyTime>
Date.now()-100?n.inputState.lastKeyCode:-1;if(e.bounds){let{from:l,to:a}=e.bounds,h=r.from,c=null;(o===8||A.android&&e.text.length<a-l)&&(h=r.to,c="end");let f=s.
doc.sliceString(l,a,si),u,d;!r.empty&&r.from>=l&&r.to<=a&&(e.typeOver||f!=e.text)&&f.slice(0,r.from-l)==e.text.slice(0,r.from-l)&&f.slice(r.to-l)==e.text.slice(
u=e.text.length-(f.length-(r.to-l)))?t={from:r.from,to:r.to,insert:W.of(e.text.slice(r.from-l,u).split(si))}:(d=ic(f,e.text,h-l,c))&&(A.chrome&&o==13&&d.toB==d.
from+2&&e.text.slice(d.from,d.toB)==si+si&&d.toB--,t={from:l+d.from,to:l+d.toA,insert:W.of(e.text.slice(d.from,d.toB).split(si))})}else i&&(!n.hasFocus&&s.facet(
lt)||oo(i,r))&&(i=null);if(!t&&!i)return!1;if((A.mac||A.android)&&t&&t.from==t.to&&t.from==r.head-1&&/^\. ?$/.test(t.insert.toString())&&n.contentDOM.getAttribute(
"autocorrect")=="off"?(i&&t.insert.length==2&&(i=k.single(i.main.anchor-1,i.main.head-1)),t={from:t.from,to:t.to,insert:W.of([t.insert.toString().replace("."," ")])}):
s.doc.lineAt(r.from).to<r.to&&n.docView.lineHasWidget(r.to)&&n.inputState.insertingTextAt>Date.now()-50?t={from:r.from,to:r.to,insert:s.toText(n.inputState.insertingText)}:
A.chrome&&t&&t.from==t.to&&t.from==r.head&&t.insert.toString()==`
 `&&n.lineWrapping&&(i&&(i=k.single(i.main.anchor-1,i.main.head-1)),t={from:r.from,to:r.to,insert:W.of([" "])}),t)return qo(n,t,i,o);if(i&&!oo(i,r)){let l=!1,a="\
select";return n.inputState.lastSelectionTime>Date.now()-50&&(n.inputState.lastSelectionOrigin=="select"&&(l=!0),a=n.inputState.lastSelectionOrigin,a=="select.p\
ointer"&&(i=Jh(s.facet(tn).map(h=>h(n)),i))),n.dispatch({selection:i,scrollIntoView:l,userEvent:a}),!0}else return!1}function qo(n,e,t,i=-1){if(A.ios&&n.inputState.
flushIOSKey(e))return!0;let s=n.state.selection.main;if(A.android&&(e.to==s.to&&(e.from==s.from||e.from==s.from-1&&n.state.sliceDoc(e.from,s.from)==" ")&&e.insert.
length==1&&e.insert.lines==2&&ci(n.contentDOM,"Enter",13)||(e.from==s.from-1&&e.to==s.to&&e.insert.length==0||i==8&&e.insert.length<e.to-e.from&&e.to>s.head)&&ci(
n.contentDOM,"Backspace",8)||e.from==s.from&&e.to==s.to+1&&e.insert.length==0&&ci(n.contentDOM,"Delete",46)))return!0;let r=e.insert.toString();n.inputState.composing>=
0&&n.inputState.composing++;let o,l=()=>o||(o=wp(n,e,t));return n.state.facet(Vh).some(a=>a(n,e.from,e.to,r,l))||n.dispatch(l()),!0}function wp(n,e,t){let i,s=n.
state,r=s.selection.main,o=-1;if(e.from==e.to&&e.from<r.from||e.from>r.to){let a=e.from<r.from?-1:1,h=a<0?r.from:r.to,c=Gi(s.facet(tn).map(f=>f(n)),h,a);e.from==
c&&(o=c)}if(o>-1)i={changes:e,selection:k.cursor(e.from+e.insert.length,-1)};else if(e.from>=r.from&&e.to<=r.to&&e.to-e.from>=(r.to-r.from)/3&&(!t||t.main.empty&&
t.main.from==e.from+e.insert.length)&&n.inputState.composing<0){let a=r.from<e.from?s.sliceDoc(r.from,e.from):"",h=r.to>e.to?s.sliceDoc(e.to,r.to):"";i=s.replaceSelection(
n.state.toText(a+e.insert.sliceString(0,void 0,n.state.lineBreak)+h))}else{let a=s.changes(e),h=t&&t.main.to<=a.newLength?t.main:void 0;if(s.selection.ranges.length>
1&&(n.inputState.composing>=0||n.inputState.compositionPendingChange)&&e.to<=r.to+10&&e.to>=r.to-10){let c=n.state.sliceDoc(e.from,e.to),f,u=t&&Zh(n,t.main.head);
if(u){let p=e.insert.length-(e.to-e.from);f={from:u.from,to:u.to-p}}else f=n.state.doc.lineAt(r.head);let d=r.to-e.to;i=s.changeByRange(p=>{if(p.from==r.from&&p.
to==r.to)return{changes:a,range:h||p.map(a)};let m=p.to-d,g=m-c.length;if(n.state.sliceDoc(g,m)!=c||m>=f.from&&g<=f.to)return{range:p};let b=s.changes({from:g,to:m,
insert:e.insert}),M=p.to-r.to;return{changes:b,range:h?k.range(Math.max(0,h.anchor+M),Math.max(0,h.head+M)):p.map(b)}})}else i={changes:a,selection:h&&s.selection.
replaceRange(h)}}let l="input.type";return(n.composing||n.inputState.compositionPendingChange&&n.inputState.compositionEndedAt>Date.now()-50)&&(n.inputState.compositionPendingChange=
!1,l+=".compose",n.inputState.compositionFirstChange&&(l+=".start",n.inputState.compositionFirstChange=!1)),s.update(i,{userEvent:l,scrollIntoView:!0})}function ic(n,e,t,i){
let s=Math.min(n.length,e.length),r=0;for(;r<s&&n.charCodeAt(r)==e.charCodeAt(r);)r++;if(r==s&&n.length==e.length)return null;let o=n.length,l=e.length;for(;o>0&&
l>0&&n.charCodeAt(o-1)==e.charCodeAt(l-1);)o--,l--;if(i=="end"){let a=Math.max(0,r-Math.min(o,l));t-=o+a-r}if(o<r&&n.length<e.length){let a=t<=r&&t>=o?r-t:0;r-=
a,l=r+(l-o),o=r}else if(l<r){let a=t<=r&&t>=l?r-t:0;r-=a,o=r+(o-l),l=r}return{from:r,toA:o,toB:l}}function vp(n){let e=[];if(n.root.activeElement!=n.contentDOM)
return e;let{anchorNode:t,anchorOffset:i,focusNode:s,focusOffset:r}=n.observer.selectionRange;return t&&(e.push(new rs(t,i)),(s!=t||r!=i)&&e.push(new rs(s,r))),
e}function Sp(n,e){if(n.length==0)return null;let t=n[0].pos,i=n.length==2?n[1].pos:t;return t<0||i<0?null:t==i?k.create([k.cursor(i+e,-1)]):k.single(t+e,i+e)}function oo(n,e){
return e.head==n.main.head&&e.anchor==n.main.anchor}var lo=class{setSelectionOrigin(e){this.lastSelectionOrigin=e,this.lastSelectionTime=Date.now()}constructor(e){
this.view=e,this.lastKeyCode=0,this.lastKeyTime=0,this.touchActive=!1,this.lastTouchTime=0,this.lastTouchX=0,this.lastTouchY=0,this.lastFocusTime=0,this.lastScrollTop=
0,this.lastScrollLeft=0,this.lastWheelEvent=0,this.pendingIOSKey=void 0,this.lastIOSMomentumScroll=0,this.tabFocusMode=-1,this.lastSelectionOrigin=null,this.lastSelectionTime=
0,this.lastContextMenu=0,this.scrollHandlers=[],this.handlers=Object.create(null),this.composing=-1,this.compositionFirstChange=null,this.compositionEndedAt=0,this.
compositionPendingKey=!1,this.compositionPendingChange=!1,this.insertingText="",this.insertingTextAt=0,this.mouseSelection=null,this.draggedContent=null,this.handleEvent=
this.handleEvent.bind(this),this.notifiedFocused=e.hasFocus,A.safari&&e.contentDOM.addEventListener("input",()=>null),A.gecko&&Fp(e.contentDOM.ownerDocument)}handleEvent(e){
!Rp(this.view,e)||this.ignoreDuringComposition(e)||e.type=="keydown"&&this.keydown(e)||(this.view.updateState!=0?Promise.resolve().then(()=>this.runHandlers(e.type,
e)):this.runHandlers(e.type,e))}runHandlers(e,t){let i=this.handlers[e];if(i){for(let s of i.observers)s(this.view,t);for(let s of i.handlers){if(t.defaultPrevented)
break;if(s(this.view,t)){t.preventDefault();break}}}}ensureHandlers(e){let t=Cp(e),i=this.handlers,s=this.view.contentDOM;for(let r in t)if(r!="scroll"){let o=!t[r].
handlers.length,l=i[r];l&&o!=!l.handlers.length&&(s.removeEventListener(r,this.handleEvent),l=null),l||s.addEventListener(r,this.handleEvent,{passive:o})}for(let r in i)
r!="scroll"&&!t[r]&&s.removeEventListener(r,this.handleEvent);this.handlers=t}keydown(e){if(this.lastKeyCode=e.keyCode,this.lastKeyTime=Date.now(),e.keyCode==9&&
this.tabFocusMode>-1&&(!this.tabFocusMode||Date.now()<=this.tabFocusMode))return!0;if(this.tabFocusMode>0&&e.keyCode!=27&&sc.indexOf(e.keyCode)<0&&(this.tabFocusMode=
-1),A.android&&A.chrome&&!e.synthetic&&(e.keyCode==13||e.keyCode==8))return this.view.observer.delayAndroidKey(e.key,e.keyCode),!0;if(A.ios&&!e.synthetic&&!e.altKey&&
!e.metaKey&&(nc.some(t=>t.keyCode==e.keyCode)&&!e.ctrlKey||Ap.indexOf(e.key)>-1&&e.ctrlKey)){let t={ctrlKey:e.ctrlKey,altKey:e.altKey,metaKey:e.metaKey,shiftKey:e.
shiftKey};t.shiftKey&&A.ios&&!/^(off|none)$/.test(this.view.contentDOM.autocapitalize)&&Op(this.view.win)&&(t.shiftKey=!1);let i=this.pendingIOSKey={key:e.key,keyCode:e.
keyCode,mods:t};return setTimeout(()=>{this.pendingIOSKey==i&&this.flushIOSKey()},50),!0}return e.keyCode!=229&&this.view.observer.forceFlush(),!1}flushIOSKey(e){
let t=this.pendingIOSKey;return!t||this.view.observer.pendingRecords().length||t.key=="Enter"&&e&&e.from<e.to&&/^\S+$/.test(e.insert.toString())?!1:(this.pendingIOSKey=
void 0,ci(this.view.contentDOM,t.key,t.keyCode,t.mods))}ignoreDuringComposition(e){return!/^key/.test(e.type)||e.synthetic?!1:this.composing>0?!0:A.safari&&!A.ios&&
this.compositionPendingKey&&Date.now()-this.compositionEndedAt<100?(this.compositionPendingKey=!1,!0):!1}startMouseSelection(e){this.mouseSelection&&this.mouseSelection.
destroy(),this.mouseSelection=e}update(e){this.view.observer.update(e),this.mouseSelection&&this.mouseSelection.update(e),this.draggedContent&&e.docChanged&&(this.
draggedContent=this.draggedContent.map(e.changes)),e.transactions.length&&(this.lastKeyCode=this.lastSelectionTime=0)}destroy(){this.mouseSelection&&this.mouseSelection.
destroy()}};function Op(n){return n.visualViewport?n.visualViewport.height*n.visualViewport.scale/n.document.documentElement.clientHeight<.85:!1}function Ya(n,e){
return(t,i)=>{try{return e.call(n,i,t)}catch(s){ye(t.state,s)}}}function Cp(n){let e=Object.create(null);function t(i){return e[i]||(e[i]={observers:[],handlers:[]})}
for(let i of n){let s=i.spec,r=s&&s.plugin.domEventHandlers,o=s&&s.plugin.domEventObservers;if(r)for(let l in r){let a=r[l];a&&t(l).handlers.push(Ya(i.value,a))}
if(o)for(let l in o){let a=o[l];a&&t(l).observers.push(Ya(i.value,a))}}for(let i in ze)t(i).handlers.push(ze[i]);for(let i in me)t(i).observers.push(me[i]);return e}
var nc=[{key:"Backspace",keyCode:8,inputType:"deleteContentBackward"},{key:"Enter",keyCode:13,inputType:"insertParagraph"},{key:"Enter",keyCode:13,inputType:"in\
sertLineBreak"},{key:"Delete",keyCode:46,inputType:"deleteContentForward"}],Ap="dthko",sc=[16,17,18,20,91,92,224,225],Fn=6;function Hn(n){return Math.max(0,n)*.7+
8}function Mp(n,e){return Math.max(Math.abs(n.clientX-e.clientX),Math.abs(n.clientY-e.clientY))}var ao=class{constructor(e,t,i,s){this.view=e,this.startEvent=t,
this.style=i,this.mustSelect=s,this.scrollSpeed={x:0,y:0},this.scrolling=-1,this.lastEvent=t,this.scrollParents=Oh(e.contentDOM),this.atoms=e.state.facet(tn).map(
o=>o(e));let r=e.contentDOM.ownerDocument;r.addEventListener("mousemove",this.move=this.move.bind(this)),r.addEventListener("mouseup",this.up=this.up.bind(this)),
this.extend=t.shiftKey,this.multiple=e.state.facet(z.allowMultipleSelections)&&Pp(e,t),this.dragging=Dp(e,t)&&lc(t)==1?null:!1}start(e){this.dragging===!1&&this.
select(e)}move(e){if(e.buttons==0)return this.destroy();if(this.dragging||this.dragging==null&&Mp(this.startEvent,e)<10)return;this.select(this.lastEvent=e);let t=0,
i=0,s=0,r=0,o=this.view.win.innerWidth,l=this.view.win.innerHeight;this.scrollParents.x&&({left:s,right:o}=this.scrollParents.x.getBoundingClientRect()),this.scrollParents.
y&&({top:r,bottom:l}=this.scrollParents.y.getBoundingClientRect());let a=Qo(this.view);e.clientX-a.left<=s+Fn?t=-Hn(s-e.clientX):e.clientX+a.right>=o-Fn&&(t=Hn(
e.clientX-o)),e.clientY-a.top<=r+Fn?i=-Hn(r-e.clientY):e.clientY+a.bottom>=l-Fn&&(i=Hn(e.clientY-l)),this.setScrollSpeed(t,i)}up(e){this.dragging==null&&this.select(
this.lastEvent),this.dragging||e.preventDefault(),this.destroy()}destroy(){this.setScrollSpeed(0,0);let e=this.view.contentDOM.ownerDocument;e.removeEventListener(
"mousemove",this.move),e.removeEventListener("mouseup",this.up),this.view.inputState.mouseSelection=this.view.inputState.draggedContent=null}setScrollSpeed(e,t){
this.scrollSpeed={x:e,y:t},e||t?this.scrolling<0&&(this.scrolling=setInterval(()=>this.scroll(),50)):this.scrolling>-1&&(clearInterval(this.scrolling),this.scrolling=
-1)}scroll(){let{x:e,y:t}=this.scrollSpeed;e&&this.scrollParents.x&&(this.scrollParents.x.scrollLeft+=e,e=0),t&&this.scrollParents.y&&(this.scrollParents.y.scrollTop+=
t,t=0),(e||t)&&this.view.win.scrollBy(e,t),this.dragging===!1&&this.select(this.lastEvent)}select(e){let{view:t}=this,i=Jh(this.atoms,this.style.get(e,this.extend,
this.multiple));(this.mustSelect||!i.eq(t.state.selection,this.dragging===!1))&&this.view.dispatch({selection:i,userEvent:"select.pointer"}),this.mustSelect=!1}update(e){
e.transactions.some(t=>t.isUserEvent("input.type"))?this.destroy():this.style.update(e)&&setTimeout(()=>this.select(this.lastEvent),20)}};function Pp(n,e){let t=n.
state.facet(Nh);return t.length?t[0](e):A.mac?e.metaKey:e.ctrlKey}function Tp(n,e){let t=n.state.facet(Wh);return t.length?t[0](e):A.mac?!e.altKey:!e.ctrlKey}function Dp(n,e){
let{main:t}=n.state.selection;if(t.empty)return!1;let i=Ji(n.root);if(!i||i.rangeCount==0)return!0;let s=i.getRangeAt(0).getClientRects();for(let r=0;r<s.length;r++){
let o=s[r];if(o.left<=e.clientX&&o.right>=e.clientX&&o.top<=e.clientY&&o.bottom>=e.clientY)return!0}return!1}function Rp(n,e){if(!e.bubbles)return!0;if(e.defaultPrevented)
return!1;for(let t=e.target,i;t!=n.contentDOM;t=t.parentNode)if(!t||t.nodeType==11||(i=Y.get(t))&&i.isWidget()&&!i.isHidden&&i.widget.ignoreEvent(e))return!1;return!0}
var ze=Object.create(null),me=Object.create(null),rc=A.ie&&A.ie_version<15||A.ios&&A.webkit_version<604;function Bp(n){let e=n.dom.parentNode;if(!e)return;let t=e.
appendChild(document.createElement("textarea"));t.style.cssText="position: fixed; left: -10000px; top: 10px",t.focus(),setTimeout(()=>{n.focus(),t.remove(),oc(n,
t.value)},50)}function bs(n,e,t){for(let i of n.facet(e))t=i(t,n);return t}function oc(n,e){e=bs(n.state,Fo,e);let{state:t}=n,i,s=1,r=t.toText(e),o=r.lines==t.selection.
ranges.length;if(ho!=null&&t.selection.ranges.every(a=>a.empty)&&ho==r.toString()){let a=-1;i=t.changeByRange(h=>{let c=t.doc.lineAt(h.from);if(c.from==a)return{
range:h};a=c.from;let f=t.toText((o?r.line(s++).text:e)+t.lineBreak);return{changes:{from:c.from,insert:f},range:k.cursor(h.from+f.length,-1)}})}else o?i=t.changeByRange(
a=>{let h=r.line(s++);return{changes:{from:a.from,to:a.to,insert:h.text},range:k.cursor(a.from+h.length,-1)}}):i=t.replaceSelection(r);n.dispatch(i,{userEvent:"\
input.paste",scrollIntoView:!0})}me.scroll=n=>{let e=n.inputState;e.lastScrollTop=n.scrollDOM.scrollTop,e.lastScrollLeft=n.scrollDOM.scrollLeft,A.ios&&!e.touchActive&&
(e.lastIOSMomentumScroll=Date.now())};me.wheel=me.mousewheel=n=>{n.inputState.lastWheelEvent=Date.now()};ze.keydown=(n,e)=>(n.inputState.setSelectionOrigin("sel\
ect"),e.keyCode==27&&n.inputState.tabFocusMode!=0&&(n.inputState.tabFocusMode=Date.now()+2e3),!1);me.touchstart=(n,e)=>{let t=n.inputState,i=e.targetTouches[0];
t.touchActive=!0,t.lastTouchTime=Date.now(),i&&(t.lastTouchX=i.clientX,t.lastTouchY=i.clientY),t.setSelectionOrigin("select.pointer")};me.touchmove=n=>{n.inputState.
setSelectionOrigin("select.pointer")};me.touchend=(n,e)=>{n.inputState.touchActive=!1};ze.mousedown=(n,e)=>{if(n.observer.flush(),n.inputState.lastTouchTime>Date.
now()-2e3)return!1;let t=null;for(let i of n.state.facet(Fh))if(t=i(n,e),t)break;if(!t&&e.button==0&&(t=Lp(n,e)),t){let i=!n.hasFocus;n.inputState.startMouseSelection(
new ao(n,e,t,i)),i&&n.observer.ignore(()=>{Mh(n.contentDOM);let r=n.root.activeElement;r&&!r.contains(n.contentDOM)&&r.blur()});let s=n.inputState.mouseSelection;
if(s)return s.start(e),s.dragging===!1}else n.inputState.setSelectionOrigin("select.pointer");return!1};function ja(n,e,t,i){if(i==1)return k.cursor(e,t);if(i==
2)return pp(n.state,e,t);{let s=n.docView.lineAt(e,t),r=n.state.doc.lineAt(s?s.posAtEnd:e),o=s?s.posAtStart:r.from,l=s?s.posAtEnd:r.to;return l<n.state.doc.length&&
l==r.to&&l++,k.undirectionalRange(o,l)}}var Ep=A.ie&&A.ie_version<=11,_a=null,Za=0,Ja=0;function lc(n){if(!Ep)return n.detail;let e=_a,t=Ja;return _a=n,Ja=Date.
now(),Za=!e||t>Date.now()-400&&Math.abs(e.clientX-n.clientX)<2&&Math.abs(e.clientY-n.clientY)<2?(Za+1)%3:1}function Lp(n,e){let t=n.posAndSideAtCoords({x:e.clientX,
y:e.clientY},!1),i=lc(e),s=n.state.selection;return{update(r){r.docChanged&&(t.pos=r.changes.mapPos(t.pos),s=s.map(r.changes))},get(r,o,l){let a=n.posAndSideAtCoords(
{x:r.clientX,y:r.clientY},!1),h,c=ja(n,a.pos,a.assoc,i);if(t.pos!=a.pos&&!o){let f=ja(n,t.pos,t.assoc,i),u=Math.min(f.from,c.from),d=Math.max(f.to,c.to);c=u<c.from?
k.range(u,d,c.assoc):k.range(d,u,c.assoc)}return o?s.replaceRange(s.main.extend(c.from,c.to,c.assoc)):l&&i==1&&s.ranges.length>1&&(h=Ip(s,a.pos))?h:l?s.addRange(
c):k.create([c])}}}function Ip(n,e){for(let t=0;t<n.ranges.length;t++){let{from:i,to:s}=n.ranges[t];if(i<=e&&s>=e)return k.create(n.ranges.slice(0,t).concat(n.ranges.
slice(t+1)),n.mainIndex==t?0:n.mainIndex-(n.mainIndex>t?1:0))}return null}ze.dragstart=(n,e)=>{let{selection:{main:t}}=n.state;if(e.target.draggable){let s=n.docView.
tile.nearest(e.target);if(s&&s.isWidget()){let r=s.posAtStart,o=r+s.length;(r>=t.to||o<=t.from)&&(t=k.undirectionalRange(r,o))}}let{inputState:i}=n;return i.mouseSelection&&
(i.mouseSelection.dragging=!0),i.draggedContent=t,e.dataTransfer&&(e.dataTransfer.setData("Text",bs(n.state,Ho,n.state.sliceDoc(t.from,t.to))),e.dataTransfer.effectAllowed=
"copyMove"),!1};ze.dragend=n=>(n.inputState.draggedContent=null,!1);function eh(n,e,t,i){if(t=bs(n.state,Fo,t),!t)return;let s=n.posAtCoords({x:e.clientX,y:e.clientY},
!1),{draggedContent:r}=n.inputState,o=i&&r&&Tp(n,e)?{from:r.from,to:r.to}:null,l={from:s,insert:t},a=n.state.changes(o?[o,l]:l);n.focus(),n.dispatch({changes:a,
selection:{anchor:a.mapPos(s,-1),head:a.mapPos(s,1)},userEvent:o?"move.drop":"input.drop"}),n.inputState.draggedContent=null}ze.drop=(n,e)=>{if(!e.dataTransfer)
return!1;if(n.state.readOnly)return!0;let t=e.dataTransfer.files;if(t&&t.length){let i=Array(t.length),s=0,r=()=>{++s==t.length&&eh(n,e,i.filter(o=>o!=null).join(
n.state.lineBreak),!1)};for(let o=0;o<t.length;o++){let l=new FileReader;l.onerror=r,l.onload=()=>{/[\x00-\x08\x0e-\x1f]{2}/.test(l.result)||(i[o]=l.result),r()},
l.readAsText(t[o])}return!0}else{let i=e.dataTransfer.getData("Text");if(i)return eh(n,e,i,!0),!0}return!1};ze.paste=(n,e)=>{if(n.state.readOnly)return!0;n.observer.
flush();let t=rc?null:e.clipboardData;return t?(oc(n,t.getData("text/plain")||t.getData("text/uri-list")),!0):(Bp(n),!1)};function Np(n,e){let t=n.dom.parentNode;
if(!t)return;let i=t.appendChild(document.createElement("textarea"));i.style.cssText="position: fixed; left: -10000px; top: 10px",i.value=e,i.focus(),i.selectionEnd=
e.length,i.selectionStart=0,setTimeout(()=>{i.remove(),n.focus()},50)}function Wp(n){let e=[],t=[],i=!1;for(let s of n.selection.ranges)s.empty||(e.push(n.sliceDoc(
s.from,s.to)),t.push(s));if(!e.length){let s=-1;for(let{from:r}of n.selection.ranges){let o=n.doc.lineAt(r);o.number>s&&(e.push(o.text),t.push({from:o.from,to:Math.
min(n.doc.length,o.to+1)})),s=o.number}i=!0}return{text:bs(n,Ho,e.join(n.lineBreak)),ranges:t,linewise:i}}var ho=null;ze.copy=ze.cut=(n,e)=>{if(!Qi(n.contentDOM,
n.observer.selectionRange))return!1;let{text:t,ranges:i,linewise:s}=Wp(n.state);if(!t&&!s)return!1;ho=s?t:null,e.type=="cut"&&!n.state.readOnly&&n.dispatch({changes:i,
scrollIntoView:!0,userEvent:"delete.cut"});let r=rc?null:e.clipboardData;return r?(r.clearData(),r.setData("text/plain",t),!0):(Np(n,t),!1)};var ac=Re.define();
function hc(n,e){let t=[];for(let i of n.facet(zh)){let s=i(n,e);s&&t.push(s)}return t.length?n.update({effects:t,annotations:ac.of(!0)}):null}function cc(n){setTimeout(
()=>{let e=n.hasFocus;if(e!=n.inputState.notifiedFocused){let t=hc(n.state,e);t?n.dispatch(t):n.update([])}},10)}me.focus=n=>{n.inputState.lastFocusTime=Date.now(),
!n.scrollDOM.scrollTop&&(n.inputState.lastScrollTop||n.inputState.lastScrollLeft)&&(n.scrollDOM.scrollTop=n.inputState.lastScrollTop,n.scrollDOM.scrollLeft=n.inputState.
lastScrollLeft),cc(n)};me.blur=n=>{n.observer.clearSelectionRange(),cc(n)};me.compositionstart=me.compositionupdate=(n,e)=>{if(!n.observer.editContext&&(n.inputState.
compositionFirstChange==null&&(n.inputState.compositionFirstChange=!0),n.inputState.composing<0)){let{main:t}=n.state.selection;!t.empty&&n.lineBlockAt(t.from).
from!=n.lineBlockAt(t.to).from&&!n.state.readOnly&&n.dispatch({changes:n.state.selection.ranges.filter(i=>!i.empty).map(i=>({from:i.from,to:i.to})),userEvent:"i\
nput"}),n.inputState.composing=0}};me.compositionend=n=>{n.observer.editContext||(n.inputState.composing=-1,n.inputState.compositionEndedAt=Date.now(),n.inputState.
compositionPendingKey=!0,n.inputState.compositionPendingChange=n.observer.pendingRecords().length>0,n.inputState.compositionFirstChange=null,A.chrome&&A.android?
n.observer.flushSoon():n.inputState.compositionPendingChange?Promise.resolve().then(()=>n.observer.flush()):setTimeout(()=>{n.inputState.composing<0&&n.docView.
hasComposition&&n.update([])},50))};me.contextmenu=n=>{n.inputState.lastContextMenu=Date.now()};ze.beforeinput=(n,e)=>{var t,i;if((e.inputType=="insertText"||e.
inputType=="insertCompositionText")&&(n.inputState.insertingText=e.data,n.inputState.insertingTextAt=Date.now()),e.inputType=="insertReplacementText"&&n.observer.
editContext){let r=(t=e.dataTransfer)===null||t===void 0?void 0:t.getData("text/plain"),o=e.getTargetRanges();if(r&&o.length){let l=o[0],a=n.posAtDOM(l.startContainer,
l.startOffset),h=n.posAtDOM(l.endContainer,l.endOffset);return qo(n,{from:a,to:h,insert:n.state.toText(r)},null),!0}}let s;if(A.chrome&&A.android&&(s=nc.find(r=>r.
inputType==e.inputType))&&(n.observer.delayAndroidKey(s.key,s.keyCode),s.key=="Backspace"||s.key=="Delete")){let r=((i=window.visualViewport)===null||i===void 0?
void 0:i.height)||0;setTimeout(()=>{var o;(((o=window.visualViewport)===null||o===void 0?void 0:o.height)||0)>r+10&&n.hasFocus&&(n.contentDOM.blur(),n.focus())},
100)}return A.ios&&e.inputType=="deleteContentForward"&&n.observer.flushSoon(),A.safari&&e.inputType=="insertText"&&n.inputState.composing>=0&&setTimeout(()=>me.
compositionend(n,e),20),!1};var th=new Set;function Fp(n){th.has(n)||(th.add(n),n.addEventListener("copy",()=>{}),n.addEventListener("cut",()=>{}))}var ih=["pre\
-wrap","normal","pre-line","break-spaces"],bi=!1;function nh(){bi=!1}var co=class{constructor(e){this.lineWrapping=e,this.doc=W.empty,this.heightSamples={},this.
lineHeight=14,this.charWidth=7,this.textHeight=14,this.lineLength=30}heightForGap(e,t){let i=this.doc.lineAt(t).number-this.doc.lineAt(e).number+1;return this.lineWrapping&&
(i+=Math.max(0,Math.ceil((t-e-i*this.lineLength*.5)/this.lineLength))),this.lineHeight*i}heightForLine(e){return this.lineWrapping?(1+Math.max(0,Math.ceil((e-this.
lineLength)/Math.max(1,this.lineLength-5))))*this.lineHeight:this.lineHeight}setDoc(e){return this.doc=e,this}mustRefreshForWrapping(e){return ih.indexOf(e)>-1!=
this.lineWrapping}mustRefreshForHeights(e){let t=!1;for(let i=0;i<e.length;i++){let s=e[i];s<0?i++:this.heightSamples[Math.floor(s*10)]||(t=!0,this.heightSamples[Math.
floor(s*10)]=!0)}return t}refresh(e,t,i,s,r,o){let l=ih.indexOf(e)>-1,a=Math.abs(t-this.lineHeight)>.3||this.lineWrapping!=l;if(this.lineWrapping=l,this.lineHeight=
t,this.charWidth=i,this.textHeight=s,this.lineLength=r,a){this.heightSamples={};for(let h=0;h<o.length;h++){let c=o[h];c<0?h++:this.heightSamples[Math.floor(c*10)]=
!0}}return a}},fo=class{constructor(e,t){this.from=e,this.heights=t,this.index=0}get more(){return this.index<this.heights.length}},He=class n{constructor(e,t,i,s,r){
this.from=e,this.length=t,this.top=i,this.height=s,this._content=r}get type(){return typeof this._content=="number"?re.Text:Array.isArray(this._content)?this._content:
this._content.type}get to(){return this.from+this.length}get bottom(){return this.top+this.height}get widget(){return this._content instanceof Wt?this._content.
widget:null}get widgetLineBreaks(){return typeof this._content=="number"?this._content:0}join(e){let t=(Array.isArray(this._content)?this._content:[this]).concat(
Array.isArray(e._content)?e._content:[e]);return new n(this.from,this.length+e.length,this.top,this.height+e.height,t)}},U=(function(n){return n[n.ByPos=0]="ByP\
os",n[n.ByHeight=1]="ByHeight",n[n.ByPosNoHeight=2]="ByPosNoHeight",n})(U||(U={})),Gn=.001,Oe=class n{constructor(e,t,i=2){this.length=e,this.height=t,this.flags=
i}get outdated(){return(this.flags&2)>0}set outdated(e){this.flags=(e?2:0)|this.flags&-3}setHeight(e){this.height!=e&&(Math.abs(this.height-e)>Gn&&(bi=!0),this.
height=e)}replace(e,t,i){return n.of(i)}decomposeLeft(e,t){t.push(this)}decomposeRight(e,t){t.push(this)}applyChanges(e,t,i,s){let r=this,o=i.doc;for(let l=s.length-
1;l>=0;l--){let{fromA:a,toA:h,fromB:c,toB:f}=s[l],u=r.lineAt(a,U.ByPosNoHeight,i.setDoc(t),0,0),d=u.to>=h?u:r.lineAt(h,U.ByPosNoHeight,i,0,0);for(f+=d.to-h,h=d.
to;l>0&&u.from<=s[l-1].toA;)a=s[l-1].fromA,c=s[l-1].fromB,l--,a<u.from&&(u=r.lineAt(a,U.ByPosNoHeight,i,0,0));c+=u.from-a,a=u.from;let p=po.build(i.setDoc(o),e,
c,f);r=os(r,r.replace(a,h,p))}return r.updateHeight(i,0)}static empty(){return new Ee(0,0,0)}static of(e){if(e.length==1)return e[0];let t=0,i=e.length,s=0,r=0;
for(;;)if(t==i)if(s>r*2){let l=e[t-1];l.break?e.splice(--t,1,l.left,null,l.right):e.splice(--t,1,l.left,l.right),i+=1+l.break,s-=l.size}else if(r>s*2){let l=e[i];
l.break?e.splice(i,1,l.left,null,l.right):e.splice(i,1,l.left,l.right),i+=2+l.break,r-=l.size}else break;else if(s<r){let l=e[t++];l&&(s+=l.size)}else{let l=e[--i];
l&&(r+=l.size)}let o=!1;return e[t-1]==null?(o=!0,t--):e[t]==null&&(o=!0,i++),new uo(n.of(e.slice(0,t)),o,n.of(e.slice(i)))}};function os(n,e){return n==e?n:(n.
constructor!=e.constructor&&(bi=!0),e)}Oe.prototype.size=1;var Hp=D.replace({}),ls=class extends Oe{constructor(e,t,i){super(e,t),this.deco=i,this.spaceAbove=0}mainBlock(e,t){
return new He(t,this.length,e+this.spaceAbove,this.height-this.spaceAbove,this.deco||0)}blockAt(e,t,i,s){return this.spaceAbove&&e<i+this.spaceAbove?new He(s,0,
i,this.spaceAbove,Hp):this.mainBlock(i,s)}lineAt(e,t,i,s,r){let o=this.mainBlock(s,r);return this.spaceAbove?this.blockAt(0,i,s,r).join(o):o}forEachLine(e,t,i,s,r,o){
e<=r+this.length&&t>=r&&o(this.lineAt(0,U.ByPos,i,s,r))}setMeasuredHeight(e){let t=e.heights[e.index++];t<0?(this.spaceAbove=-t,t=e.heights[e.index++]):this.spaceAbove=
0,this.setHeight(t)}updateHeight(e,t=0,i=!1,s){return s&&s.from<=t&&s.more&&this.setMeasuredHeight(s),this.outdated=!1,this}toString(){return`block(${this.length}\
)`}},Ee=class n extends ls{constructor(e,t,i){super(e,t,null),this.collapsed=0,this.widgetHeight=0,this.breaks=0,this.spaceAbove=i}mainBlock(e,t){return new He(
t,this.length,e+this.spaceAbove,this.height-this.spaceAbove,this.breaks)}replace(e,t,i){let s=i[0];return i.length==1&&(s instanceof n||s instanceof bt&&s.flags&
4)&&Math.abs(this.length-s.length)<10?(s instanceof bt?s=new n(s.length,this.height,this.spaceAbove):s.height=this.height,this.outdated||(s.outdated=!1),s):Oe.of(
i)}updateHeight(e,t=0,i=!1,s){return s&&s.from<=t&&s.more?this.setMeasuredHeight(s):(i||this.outdated)&&(this.spaceAbove=0,this.setHeight(Math.max(this.widgetHeight,
e.heightForLine(this.length-this.collapsed))+this.breaks*e.lineHeight)),this.outdated=!1,this}toString(){return`line(${this.length}${this.collapsed?-this.collapsed:
""}${this.widgetHeight?":"+this.widgetHeight:""})`}},bt=class n extends Oe{constructor(e){super(e,0)}heightMetrics(e,t){let i=e.doc.lineAt(t).number,s=e.doc.lineAt(
t+this.length).number,r=s-i+1,o,l=0;if(e.lineWrapping){let a=Math.min(this.height,e.lineHeight*r);o=a/r,this.length>r+1&&(l=(this.height-a)/(this.length-r-1))}else
o=this.height/r;return{firstLine:i,lastLine:s,perLine:o,perChar:l}}blockAt(e,t,i,s){let{firstLine:r,lastLine:o,perLine:l,perChar:a}=this.heightMetrics(t,s);if(t.
lineWrapping){let h=s+(e<t.lineHeight?0:Math.round(Math.max(0,Math.min(1,(e-i)/this.height))*this.length)),c=t.doc.lineAt(h),f=l+c.length*a,u=Math.max(i,e-f/2);
return new He(c.from,c.length,u,f,0)}else{let h=Math.max(0,Math.min(o-r,Math.floor((e-i)/l))),{from:c,length:f}=t.doc.line(r+h);return new He(c,f,i+l*h,l,0)}}lineAt(e,t,i,s,r){
if(t==U.ByHeight)return this.blockAt(e,i,s,r);if(t==U.ByPosNoHeight){let{from:d,to:p}=i.doc.lineAt(e);return new He(d,p-d,0,0,0)}let{firstLine:o,perLine:l,perChar:a}=this.
heightMetrics(i,r),h=i.doc.lineAt(e),c=l+h.length*a,f=h.number-o,u=s+l*f+a*(h.from-r-f);return new He(h.from,h.length,Math.max(s,Math.min(u,s+this.height-c)),c,
0)}forEachLine(e,t,i,s,r,o){e=Math.max(e,r),t=Math.min(t,r+this.length);let{firstLine:l,perLine:a,perChar:h}=this.heightMetrics(i,r);for(let c=e,f=s;c<=t;){let u=i.
doc.lineAt(c);if(c==e){let p=u.number-l;f+=a*p+h*(e-r-p)}let d=a+h*u.length;o(new He(u.from,u.length,f,d,0)),f+=d,c=u.to+1}}replace(e,t,i){let s=this.length-t;if(s>
0){let r=i[i.length-1];r instanceof n?i[i.length-1]=new n(r.length+s):i.push(null,new n(s-1))}if(e>0){let r=i[0];r instanceof n?i[0]=new n(e+r.length):i.unshift(
new n(e-1),null)}return Oe.of(i)}decomposeLeft(e,t){t.push(new n(e-1),null)}decomposeRight(e,t){t.push(null,new n(this.length-e-1))}updateHeight(e,t=0,i=!1,s){let r=t+
this.length;if(s&&s.from<=t+this.length&&s.more){let o=[],l=Math.max(t,s.from),a=-1;for(s.from>t&&o.push(new n(s.from-t-1).updateHeight(e,t));l<=r&&s.more;){let c=e.
doc.lineAt(l).length;o.length&&o.push(null);let f=s.heights[s.index++],u=0;f<0&&(u=-f,f=s.heights[s.index++]),a==-1?a=f:Math.abs(f-a)>=Gn&&(a=-2);let d=new Ee(c,
f,u);d.outdated=!1,o.push(d),l+=c+1}l<=r&&o.push(null,new n(r-l).updateHeight(e,l));let h=Oe.of(o);return(a<0||Math.abs(h.height-this.height)>=Gn||Math.abs(a-this.
heightMetrics(e,t).perLine)>=Gn)&&(bi=!0),os(this,h)}else(i||this.outdated)&&(this.setHeight(e.heightForGap(t,t+this.length)),this.outdated=!1);return this}toString(){
return`gap(${this.length})`}},uo=class extends Oe{constructor(e,t,i){super(e.length+(t?1:0)+i.length,e.height+i.height,(t?1:0)|(e.outdated||i.outdated?2:0)),this.
left=e,this.right=i,this.size=e.size+i.size}get break(){return this.flags&1}blockAt(e,t,i,s){let r=i+this.left.height;return e<r?this.left.blockAt(e,t,i,s):this.
right.blockAt(e,t,r,s+this.left.length+this.break)}lineAt(e,t,i,s,r){let o=s+this.left.height,l=r+this.left.length+this.break,a=t==U.ByHeight?e<o:e<l,h=a?this.left.
lineAt(e,t,i,s,r):this.right.lineAt(e,t,i,o,l);if(this.break||(a?h.to<l:h.from>l))return h;let c=t==U.ByPosNoHeight?U.ByPosNoHeight:U.ByPos;return a?h.join(this.
right.lineAt(l,c,i,o,l)):this.left.lineAt(l,c,i,s,r).join(h)}forEachLine(e,t,i,s,r,o){let l=s+this.left.height,a=r+this.left.length+this.break;if(this.break)e<a&&
this.left.forEachLine(e,t,i,s,r,o),t>=a&&this.right.forEachLine(e,t,i,l,a,o);else{let h=this.lineAt(a,U.ByPos,i,s,r);e<h.from&&this.left.forEachLine(e,Math.min(
t,h.from-1),i,s,r,o),h.to>=e&&h.from<=t&&o(h),t>h.to&&this.right.forEachLine(Math.max(e,h.to+1),t,i,l,a,o)}}replace(e,t,i){let s=this.left.length+this.break;if(t<
s)return this.balanced(this.left.replace(e,t,i),this.right);if(e>this.left.length)return this.balanced(this.left,this.right.replace(e-s,t-s,i));let r=[];e>0&&this.
decomposeLeft(e,r);let o=r.length;for(let l of i)r.push(l);if(e>0&&sh(r,o-1),t<this.length){let l=r.length;this.decomposeRight(t,r),sh(r,l)}return Oe.of(r)}decomposeLeft(e,t){
let i=this.left.length;if(e<=i)return this.left.decomposeLeft(e,t);t.push(this.left),this.break&&(i++,e>=i&&t.push(null)),e>i&&this.right.decomposeLeft(e-i,t)}decomposeRight(e,t){
let i=this.left.length,s=i+this.break;if(e>=s)return this.right.decomposeRight(e-s,t);e<i&&this.left.decomposeRight(e,t),this.break&&e<s&&t.push(null),t.push(this.
right)}balanced(e,t){return e.size>2*t.size||t.size>2*e.size?Oe.of(this.break?[e,null,t]:[e,t]):(this.left=os(this.left,e),this.right=os(this.right,t),this.setHeight(
e.height+t.height),this.outdated=e.outdated||t.outdated,this.size=e.size+t.size,this.length=e.length+this.break+t.length,this)}updateHeight(e,t=0,i=!1,s){let{left:r,
right:o}=this,l=t+r.length+this.break,a=null;return s&&s.from<=t+r.length&&s.more?a=r=r.updateHeight(e,t,i,s):r.updateHeight(e,t,i),s&&s.from<=l+o.length&&s.more?
a=o=o.updateHeight(e,l,i,s):o.updateHeight(e,l,i),a?this.balanced(r,o):(this.height=this.left.height+this.right.height,this.outdated=!1,this)}toString(){return this.
left+(this.break?" ":"-")+this.right}};function sh(n,e){let t,i;n[e]==null&&(t=n[e-1])instanceof bt&&(i=n[e+1])instanceof bt&&n.splice(e-1,3,new bt(t.length+1+i.
length))}var Vp=5,po=class n{constructor(e,t){this.pos=e,this.oracle=t,this.nodes=[],this.lineStart=-1,this.lineEnd=-1,this.covering=null,this.writtenTo=e}get isCovered(){
return this.covering&&this.nodes[this.nodes.length-1]==this.covering}span(e,t){if(this.lineStart>-1){let i=Math.min(t,this.lineEnd),s=this.nodes[this.nodes.length-
1];s instanceof Ee?s.length+=i-this.pos:(i>this.pos||!this.isCovered)&&this.nodes.push(new Ee(i-this.pos,-1,0)),this.writtenTo=i,t>i&&(this.nodes.push(null),this.
writtenTo++,this.lineStart=-1)}this.pos=t}point(e,t,i){if(e<t||i.heightRelevant){let s=i.widget?i.widget.estimatedHeight:0,r=i.widget?i.widget.lineBreaks:0;s<0&&
(s=this.oracle.lineHeight);let o=t-e;i.block?this.addBlock(new ls(o,s,i)):(o||r||s>=Vp)&&this.addLineDeco(s,r,o)}else t>e&&this.span(e,t);this.lineEnd>-1&&this.
lineEnd<this.pos&&(this.lineEnd=this.oracle.doc.lineAt(this.pos).to)}enterLine(){if(this.lineStart>-1)return;let{from:e,to:t}=this.oracle.doc.lineAt(this.pos);this.
lineStart=e,this.lineEnd=t,this.writtenTo<e&&((this.writtenTo<e-1||this.nodes[this.nodes.length-1]==null)&&this.nodes.push(this.blankContent(this.writtenTo,e-1)),
this.nodes.push(null)),this.pos>e&&this.nodes.push(new Ee(this.pos-e,-1,0)),this.writtenTo=this.pos}blankContent(e,t){let i=new bt(t-e);return this.oracle.doc.lineAt(
e).to==t&&(i.flags|=4),i}ensureLine(){this.enterLine();let e=this.nodes.length?this.nodes[this.nodes.length-1]:null;if(e instanceof Ee)return e;let t=new Ee(0,-1,
0);return this.nodes.push(t),t}addBlock(e){this.enterLine();let t=e.deco;t&&t.startSide>0&&!this.isCovered&&this.ensureLine(),this.nodes.push(e),this.writtenTo=
this.pos=this.pos+e.length,t&&t.endSide>0&&(this.covering=e)}addLineDeco(e,t,i){let s=this.ensureLine();s.length+=i,s.collapsed+=i,s.widgetHeight=Math.max(s.widgetHeight,
e),s.breaks+=t,this.writtenTo=this.pos=this.pos+i}finish(e){let t=this.nodes.length==0?null:this.nodes[this.nodes.length-1];this.lineStart>-1&&!(t instanceof Ee)&&
!this.isCovered?this.nodes.push(new Ee(0,-1,0)):(this.writtenTo<this.pos||t==null)&&this.nodes.push(this.blankContent(this.writtenTo,this.pos));let i=e;for(let s of this.
nodes)s instanceof Ee&&s.updateHeight(this.oracle,i),i+=s?s.length:1;return this.nodes}static build(e,t,i,s){let r=new n(i,e);return F.spans(t,i,s,r,0),r.finish(
i)}};function zp(n,e,t){let i=new mo;return F.compare(n,e,t,i,0),i.changes}var mo=class{constructor(){this.changes=[]}compareRange(){}comparePoint(e,t,i,s){(e<t||
i&&i.heightRelevant||s&&s.heightRelevant)&&hi(e,t,this.changes,5)}};function Qp(n,e){let t=n.getBoundingClientRect(),i=n.ownerDocument,s=i.defaultView||window,r=Math.
max(0,t.left),o=Math.min(s.innerWidth,t.right),l=Math.max(0,t.top),a=Math.min(s.innerHeight,t.bottom);for(let h=n.parentNode;h&&h!=i.body;)if(ne(h)){let c=window.
getComputedStyle(h);if((h.scrollHeight>h.clientHeight||h.scrollWidth>h.clientWidth)&&c.overflow!="visible"){let f=h.getBoundingClientRect();r=Math.max(r,f.left),
o=Math.min(o,f.right),l=Math.max(l,f.top),a=Math.min(h==n.parentNode?s.innerHeight:a,f.bottom)}h=c.position=="absolute"||c.position=="fixed"?h.offsetParent:h.parentNode}else if(h.
nodeType==11)h=h.host;else break;return{left:r-t.left,right:Math.max(r,o)-t.left,top:l-(t.top+e),bottom:Math.max(l,a)-(t.top+e)}}function qp(n){let e=n.getBoundingClientRect(),
t=n.ownerDocument.defaultView||window;return e.left<t.innerWidth&&e.right>0&&e.top<t.innerHeight&&e.bottom>0}function Xp(n,e){let t=n.getBoundingClientRect();return{
left:0,right:t.right-t.left,top:e,bottom:t.bottom-(t.top+e)}}var Ki=class{constructor(e,t,i,s){this.from=e,this.to=t,this.size=i,this.displaySize=s}static same(e,t){
if(e.length!=t.length)return!1;for(let i=0;i<e.length;i++){let s=e[i],r=t[i];if(s.from!=r.from||s.to!=r.to||s.size!=r.size)return!1}return!0}draw(e,t){return D.
replace({widget:new go(this.displaySize*(t?e.scaleY:e.scaleX),t)}).range(this.from,this.to)}},go=class extends Ce{constructor(e,t){super(),this.size=e,this.vertical=
t}eq(e){return e.size==this.size&&e.vertical==this.vertical}toDOM(){let e=document.createElement("div");return this.vertical?e.style.height=this.size+"px":(e.style.
width=this.size+"px",e.style.height="2px",e.style.display="inline-block"),e}get estimatedHeight(){return this.vertical?this.size:-1}},as=class{constructor(e,t){
this.view=e,this.state=t,this.pixelViewport={left:0,right:window.innerWidth,top:0,bottom:0},this.inView=!0,this.paddingTop=0,this.paddingBottom=0,this.contentDOMWidth=
0,this.contentDOMHeight=0,this.editorHeight=0,this.editorWidth=0,this.scaleX=1,this.scaleY=1,this.scrollOffset=0,this.scrolledToBottom=!1,this.scrollAnchorPos=0,
this.scrollAnchorHeight=-1,this.scaler=bo,this.scrollTarget=null,this.printing=!1,this.mustMeasureContent=!0,this.defaultTextDirection=q.LTR,this.visibleRanges=
[],this.mustEnforceCursorAssoc=!1;let i=t.facet(Vo).some(s=>typeof s!="function"&&s.class=="cm-lineWrapping");this.heightOracle=new co(i),this.stateDeco=rh(t),this.
heightMap=Oe.empty().applyChanges(this.stateDeco,W.empty,this.heightOracle.setDoc(t.doc),[new Ve(0,0,0,t.doc.length)]);for(let s=0;s<2&&(this.viewport=this.getViewport(
0,null),!!this.updateForViewport());s++);this.updateViewportLines(),this.lineGaps=this.ensureLineGaps([]),this.lineGapDeco=D.set(this.lineGaps.map(s=>s.draw(this,
!1))),this.scrollParent=e.scrollDOM,this.computeVisibleRanges()}updateForViewport(){let e=[this.viewport],{main:t}=this.state.selection;for(let i=0;i<=1;i++){let s=i?
t.head:t.anchor;if(!e.some(({from:r,to:o})=>s>=r&&s<=o)){let{from:r,to:o}=this.lineBlockAt(s);e.push(new oi(r,o))}}return this.viewports=e.sort((i,s)=>i.from-s.
from),this.updateScaler()}updateScaler(){let e=this.scaler;return this.scaler=this.heightMap.height<=7e6?bo:yo.get(this.heightOracle,this.heightMap,this.viewports),
e.eq(this.scaler)?0:2}updateViewportLines(){this.viewportLines=[],this.heightMap.forEachLine(this.viewport.from,this.viewport.to,this.heightOracle.setDoc(this.state.
doc),0,0,e=>{this.viewportLines.push(zi(e,this.scaler))})}update(e,t=null){this.state=e.state;let i=this.stateDeco;this.stateDeco=rh(this.state);let s=e.changedRanges,
r=Ve.extendWithRanges(s,zp(i,this.stateDeco,e?e.changes:ue.empty(this.state.doc.length))),o=this.heightMap.height,l=this.scrolledToBottom?null:this.scrollAnchorAt(
this.scrollOffset);nh(),this.heightMap=this.heightMap.applyChanges(this.stateDeco,e.startState.doc,this.heightOracle.setDoc(this.state.doc),r),(this.heightMap.height!=
o||bi)&&(e.flags|=2),l?(this.scrollAnchorPos=e.changes.mapPos(l.from,-1),this.scrollAnchorHeight=l.top):(this.scrollAnchorPos=-1,this.scrollAnchorHeight=o);let a=r.
length?this.mapViewport(this.viewport,e.changes):this.viewport;(t&&(t.range.head<a.from||t.range.head>a.to)||!this.viewportIsAppropriate(a))&&(a=this.getViewport(
0,t));let h=a.from!=this.viewport.from||a.to!=this.viewport.to;this.viewport=a,e.flags|=this.updateForViewport(),(h||!e.changes.empty||e.flags&2)&&this.updateViewportLines(),
(this.lineGaps.length||this.viewport.to-this.viewport.from>4e3)&&this.updateLineGaps(this.ensureLineGaps(this.mapLineGaps(this.lineGaps,e.changes))),e.flags|=this.
computeVisibleRanges(e.changes),t&&(this.scrollTarget=t),!this.mustEnforceCursorAssoc&&(e.selectionSet||e.focusChanged)&&e.view.lineWrapping&&e.state.selection.
main.empty&&e.state.selection.main.assoc&&!e.state.facet(qh)&&(this.mustEnforceCursorAssoc=!0)}measure(){let{view:e}=this,t=e.contentDOM,i=window.getComputedStyle(
t),s=this.heightOracle,r=i.whiteSpace;this.defaultTextDirection=i.direction=="rtl"?q.RTL:q.LTR;let o=this.heightOracle.mustRefreshForWrapping(r)||this.mustMeasureContent===
"refresh",l=t.getBoundingClientRect(),a=o||this.mustMeasureContent||this.contentDOMHeight!=l.height;this.contentDOMHeight=l.height,this.mustMeasureContent=!1;let h=0,
c=0;if(l.width&&l.height){let{scaleX:w,scaleY:v}=Sh(t,l);(w>.005&&Math.abs(this.scaleX-w)>.005||v>.005&&Math.abs(this.scaleY-v)>.005)&&(this.scaleX=w,this.scaleY=
v,h|=16,o=a=!0)}let f=(parseInt(i.paddingTop)||0)*this.scaleY,u=(parseInt(i.paddingBottom)||0)*this.scaleY;(this.paddingTop!=f||this.paddingBottom!=u)&&(this.paddingTop=
f,this.paddingBottom=u,h|=18),this.editorWidth!=e.scrollDOM.clientWidth&&(s.lineWrapping&&(a=!0),this.editorWidth=e.scrollDOM.clientWidth,h|=16);let d=Oh(this.view.
contentDOM,!1).y;d!=this.scrollParent&&(this.scrollParent=d,this.scrollAnchorHeight=-1,this.scrollOffset=0);let p=this.getScrollOffset();this.scrollOffset!=p&&(this.
scrollAnchorHeight=-1,this.scrollOffset=p),this.scrolledToBottom=Ph(this.scrollParent||e.win);let m=(this.printing?Xp:Qp)(t,this.paddingTop),g=m.top-this.pixelViewport.
top,b=m.bottom-this.pixelViewport.bottom;this.pixelViewport=m;let M=this.pixelViewport.bottom>this.pixelViewport.top&&this.pixelViewport.right>this.pixelViewport.
left;if(M!=this.inView&&(this.inView=M,M&&(a=!0)),!this.inView&&!this.scrollTarget&&!qp(e.dom))return 0;let x=l.width;if((this.contentDOMWidth!=x||this.editorHeight!=
e.scrollDOM.clientHeight)&&(this.contentDOMWidth=l.width,this.editorHeight=e.scrollDOM.clientHeight,h|=16),a){let w=e.docView.measureVisibleLineHeights(this.viewport);
if(s.mustRefreshForHeights(w)&&(o=!0),o||s.lineWrapping&&Math.abs(x-this.contentDOMWidth)>s.charWidth){let{lineHeight:v,charWidth:O,textHeight:E}=e.docView.measureTextSize();
o=v>0&&s.refresh(r,v,O,E,Math.max(5,x/O),w),o&&(e.docView.minWidth=0,h|=16)}g>0&&b>0?c=Math.max(g,b):g<0&&b<0&&(c=Math.min(g,b)),nh();for(let v of this.viewports){
let O=v.from==this.viewport.from?w:e.docView.measureVisibleLineHeights(v);this.heightMap=(o?Oe.empty().applyChanges(this.stateDeco,W.empty,this.heightOracle,[new Ve(
0,0,0,e.state.doc.length)]):this.heightMap).updateHeight(s,0,o,new fo(v.from,O))}bi&&(h|=2)}let T=!this.viewportIsAppropriate(this.viewport,c)||this.scrollTarget&&
(this.scrollTarget.range.head<this.viewport.from||this.scrollTarget.range.head>this.viewport.to);return T&&(h&2&&(h|=this.updateScaler()),this.viewport=this.getViewport(
c,this.scrollTarget),h|=this.updateForViewport()),(h&2||T)&&this.updateViewportLines(),(this.lineGaps.length||this.viewport.to-this.viewport.from>4e3)&&this.updateLineGaps(
this.ensureLineGaps(o?[]:this.lineGaps,e)),h|=this.computeVisibleRanges(),this.mustEnforceCursorAssoc&&(this.mustEnforceCursorAssoc=!1,e.docView.enforceCursorAssoc()),
h}get visibleTop(){return this.scaler.fromDOM(this.pixelViewport.top)}get visibleBottom(){return this.scaler.fromDOM(this.pixelViewport.bottom)}getViewport(e,t){
let i=.5-Math.max(-.5,Math.min(.5,e/1e3/2)),s=this.heightMap,r=this.heightOracle,{visibleTop:o,visibleBottom:l}=this,a=new oi(s.lineAt(o-i*1e3,U.ByHeight,r,0,0).
from,s.lineAt(l+(1-i)*1e3,U.ByHeight,r,0,0).to);if(t){let{head:h}=t.range;if(h<a.from||h>a.to){let c=Math.min(this.editorHeight,this.pixelViewport.bottom-this.pixelViewport.
top),f=s.lineAt(h,U.ByPos,r,0,0),u;t.y=="center"?u=(f.top+f.bottom)/2-c/2:t.y=="start"||t.y=="nearest"&&h<a.from?u=f.top:u=f.bottom-c,a=new oi(s.lineAt(u-1e3/2,
U.ByHeight,r,0,0).from,s.lineAt(u+c+1e3/2,U.ByHeight,r,0,0).to)}}return a}mapViewport(e,t){let i=t.mapPos(e.from,-1),s=t.mapPos(e.to,1);return new oi(this.heightMap.
lineAt(i,U.ByPos,this.heightOracle,0,0).from,this.heightMap.lineAt(s,U.ByPos,this.heightOracle,0,0).to)}viewportIsAppropriate({from:e,to:t},i=0){if(!this.inView)
return!0;let{top:s}=this.heightMap.lineAt(e,U.ByPos,this.heightOracle,0,0),{bottom:r}=this.heightMap.lineAt(t,U.ByPos,this.heightOracle,0,0),{visibleTop:o,visibleBottom:l}=this;
return(e==0||s<=o-Math.max(10,Math.min(-i,250)))&&(t==this.state.doc.length||r>=l+Math.max(10,Math.min(i,250)))&&s>o-2*1e3&&r<l+2*1e3}mapLineGaps(e,t){if(!e.length||
t.empty)return e;let i=[];for(let s of e)t.touchesRange(s.from,s.to)||i.push(new Ki(t.mapPos(s.from),t.mapPos(s.to),s.size,s.displaySize));return i}ensureLineGaps(e,t){
let i=this.heightOracle.lineWrapping,s=i?1e4:2e3,r=s>>1,o=s<<1;if(this.defaultTextDirection!=q.LTR&&!i)return[];let l=[],a=(c,f,u,d)=>{if(f-c<r)return;let p=this.
state.selection.main,m=[p.from];p.empty||m.push(p.to);for(let b of m)if(b>c&&b<f){a(c,b-10,u,d),a(b+10,f,u,d);return}let g=Up(e,b=>b.from>=u.from&&b.to<=u.to&&Math.
abs(b.from-c)<r&&Math.abs(b.to-f)<r&&!m.some(M=>b.from<M&&b.to>M));if(!g){if(f<u.to&&t&&i&&t.visibleRanges.some(x=>x.from<=f&&x.to>=f)){let x=t.moveToLineBoundary(
k.cursor(f),!1,!0).head;x>c&&(f=x)}let b=this.gapSize(u,c,f,d),M=i||b<2e6?b:2e6;g=new Ki(c,f,b,M)}l.push(g)},h=c=>{if(c.length<o||c.type!=re.Text)return;let f=$p(
c.from,c.to,this.stateDeco);if(f.total<o)return;let u=this.scrollTarget?this.scrollTarget.range.head:null,d,p;if(i){let m=s/this.heightOracle.lineLength*this.heightOracle.
lineHeight,g,b;if(u!=null){let M=zn(f,u),x=((this.visibleBottom-this.visibleTop)/2+m)/c.height;g=M-x,b=M+x}else g=(this.visibleTop-c.top-m)/c.height,b=(this.visibleBottom-
c.top+m)/c.height;d=Vn(f,g),p=Vn(f,b)}else{let m=f.total*this.heightOracle.charWidth,g=s*this.heightOracle.charWidth,b=0;if(m>2e6)for(let v of e)v.from>=c.from&&
v.from<c.to&&v.size!=v.displaySize&&v.from*this.heightOracle.charWidth+b<this.pixelViewport.left&&(b=v.size-v.displaySize);let M=this.pixelViewport.left+b,x=this.
pixelViewport.right+b,T,w;if(u!=null){let v=zn(f,u),O=((x-M)/2+g)/m;T=v-O,w=v+O}else T=(M-g)/m,w=(x+g)/m;d=Vn(f,T),p=Vn(f,w)}d>c.from&&a(c.from,d,c,f),p<c.to&&a(
p,c.to,c,f)};for(let c of this.viewportLines)Array.isArray(c.type)?c.type.forEach(h):h(c);return l}gapSize(e,t,i,s){let r=zn(s,i)-zn(s,t);return this.heightOracle.
lineWrapping?e.height*r:s.total*this.heightOracle.charWidth*r}updateLineGaps(e){Ki.same(e,this.lineGaps)||(this.lineGaps=e,this.lineGapDeco=D.set(e.map(t=>t.draw(
this,this.heightOracle.lineWrapping))))}computeVisibleRanges(e){let t=this.stateDeco;this.lineGaps.length&&(t=t.concat(this.lineGapDeco));let i=[];F.spans(t,this.
viewport.from,this.viewport.to,{span(r,o){i.push({from:r,to:o})},point(){}},20);let s=0;if(i.length!=this.visibleRanges.length)s=12;else for(let r=0;r<i.length&&
!(s&8);r++){let o=this.visibleRanges[r],l=i[r];(o.from!=l.from||o.to!=l.to)&&(s|=4,e&&e.mapPos(o.from,-1)==l.from&&e.mapPos(o.to,1)==l.to||(s|=8))}return this.visibleRanges=
i,s}lineBlockAt(e){return e>=this.viewport.from&&e<=this.viewport.to&&this.viewportLines.find(t=>t.from<=e&&t.to>=e)||zi(this.heightMap.lineAt(e,U.ByPos,this.heightOracle,
0,0),this.scaler)}lineBlockAtHeight(e){return e>=this.viewportLines[0].top&&e<=this.viewportLines[this.viewportLines.length-1].bottom&&this.viewportLines.find(t=>t.
top<=e&&t.bottom>=e)||zi(this.heightMap.lineAt(this.scaler.fromDOM(e),U.ByHeight,this.heightOracle,0,0),this.scaler)}getScrollOffset(){return this.scrollParent==
this.view.scrollDOM?this.scrollParent.scrollTop*this.scaleY:(this.scrollParent?this.scrollParent.getBoundingClientRect().top:0)-this.view.contentDOM.getBoundingClientRect().
top}scrollAnchorAt(e){let t=this.lineBlockAtHeight(e+12-this.paddingTop);return t.from>=this.viewport.from||this.viewportLines[0].top-e>200?t:this.viewportLines[0]}elementAtHeight(e){
return zi(this.heightMap.blockAt(this.scaler.fromDOM(e),this.heightOracle,0,0),this.scaler)}get docHeight(){return this.scaler.toDOM(this.heightMap.height)}get contentHeight(){
return this.docHeight+this.paddingTop+this.paddingBottom}},oi=class{constructor(e,t){this.from=e,this.to=t}};function $p(n,e,t){let i=[],s=n,r=0;return F.spans(
t,n,e,{span(){},point(o,l){o>s&&(i.push({from:s,to:o}),r+=o-s),s=l}},20),s<e&&(i.push({from:s,to:e}),r+=e-s),{total:r,ranges:i}}function Vn({total:n,ranges:e},t){
if(t<=0)return e[0].from;if(t>=1)return e[e.length-1].to;let i=Math.floor(n*t);for(let s=0;;s++){let{from:r,to:o}=e[s],l=o-r;if(i<=l)return r+i;i-=l}}function zn(n,e){
let t=0;for(let{from:i,to:s}of n.ranges){if(e<=s){t+=e-i;break}t+=s-i}return t/n.total}function Up(n,e){for(let t of n)if(e(t))return t}var bo={toDOM(n){return n},
fromDOM(n){return n},scale:1,eq(n){return n==this}};function rh(n){let e=n.facet(gs).filter(i=>typeof i!="function"),t=n.facet(zo).filter(i=>typeof i!="function");
return t.length&&e.push(F.join(t)),e}var yo=class n{constructor(e,t){this.scale=e,this.viewports=t}static get(e,t,i){let s=0,r=0,o=0,l=i.map(({from:h,to:c})=>{let f=t.
lineAt(h,U.ByPos,e,0,0).top,u=t.lineAt(c,U.ByPos,e,0,0).bottom;return s+=u-f,{from:h,to:c,top:f,bottom:u,domTop:0,domBottom:0}});if(t.height-s<10)return bo;let a=(7e6-
s)/(t.height-s);for(let h of l)h.domTop=o+(h.top-r)*a,o=h.domBottom=h.domTop+(h.bottom-h.top),r=h.bottom;return new n(a,l)}toDOM(e){for(let t=0,i=0,s=0;;t++){let r=t<
this.viewports.length?this.viewports[t]:null;if(!r||e<r.top)return s+(e-i)*this.scale;if(e<=r.bottom)return r.domTop+(e-r.top);i=r.bottom,s=r.domBottom}}fromDOM(e){
for(let t=0,i=0,s=0;;t++){let r=t<this.viewports.length?this.viewports[t]:null;if(!r||e<r.domTop)return i+(e-s)/this.scale;if(e<=r.domBottom)return r.top+(e-r.domTop);
i=r.bottom,s=r.domBottom}}eq(e){return e instanceof n?this.scale==e.scale&&this.viewports.length==e.viewports.length&&this.viewports.every((t,i)=>t.from==e.viewports[i].
from&&t.to==e.viewports[i].to):!1}};function zi(n,e){if(e.scale==1)return n;let t=e.toDOM(n.top),i=e.toDOM(n.bottom);return new He(n.from,n.length,t,i-t,Array.isArray(
n._content)?n._content.map(s=>zi(s,e)):n._content)}var Qn=C.define({combine:n=>n.join(" ")}),xo=C.define({combine:n=>n.indexOf(!0)>-1}),ko=Be.newName(),fc=Be.newName(),
uc=Be.newName(),dc={"&light":"."+fc,"&dark":"."+uc};function wo(n,e,t){return new Be(e,{finish(i){return/&/.test(i)?i.replace(/&\w*/,s=>{if(s=="&")return n;if(!t||
!t[s])throw new RangeError(`Unsupported selector: ${s}`);return t[s]}):n+" "+i}})}var Gp=wo("."+ko,{"&":{position:"relative !important",boxSizing:"border-box","\
&.cm-focused":{outline:"1px dotted #212121"},display:"flex !important",flexDirection:"column"},".cm-scroller":{display:"flex !important",alignItems:"flex-start \
!important",fontFamily:"monospace",lineHeight:1.4,height:"100%",overflowX:"auto",position:"relative",zIndex:0,overflowAnchor:"none"},".cm-content":{margin:0,flexGrow:2,
flexShrink:0,display:"block",whiteSpace:"pre",wordWrap:"normal",boxSizing:"border-box",minHeight:"100%",padding:"4px 0",outline:"none","&[contenteditable=true]":{
WebkitUserModify:"read-write-plaintext-only"}},".cm-lineWrapping":{whiteSpace_fallback:"pre-wrap",whiteSpace:"break-spaces",wordBreak:"break-word",overflowWrap:"\
anywhere",flexShrink:1},"&light .cm-content":{caretColor:"black"},"&dark .cm-content":{caretColor:"white"},".cm-line":{display:"block",padding:"0 2px 0 6px"},".\
cm-layer":{userSelect:"none",position:"absolute",left:0,top:0,contain:"size style","& > *":{position:"absolute"}},"&light .cm-selectionBackground":{background:"\
#d9d9d9"},"&dark .cm-selectionBackground":{background:"#222"},"&light.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground":{background:"#d7d4\
f0"},"&dark.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground":{background:"#233"},".cm-cursorLayer":{pointerEvents:"none"},"&.cm-focused >\
 .cm-scroller > .cm-cursorLayer":{animation:"steps(1) cm-blink 1.2s infinite"},"@keyframes cm-blink":{"0%":{},"50%":{opacity:0},"100%":{}},"@keyframes cm-blink2":{
"0%":{},"50%":{opacity:0},"100%":{}},".cm-cursor, .cm-dropCursor":{borderLeft:"1.2px solid black",marginLeft:"-0.6px",pointerEvents:"none"},".cm-cursor":{display:"\
none"},"&dark .cm-cursor":{borderLeftColor:"#ddd"},".cm-selectionHandle":{backgroundColor:"currentColor",width:"1.5px"},".cm-selectionHandle-start::before, .cm-\
selectionHandle-end::before":{content:'""',backgroundColor:"inherit",borderRadius:"50%",width:"8px",height:"8px",position:"absolute",left:"-3.25px"},".cm-select\
ionHandle-start::before":{top:"-8px"},".cm-selectionHandle-end::before":{bottom:"-8px"},".cm-dropCursor":{position:"absolute"},"&.cm-focused > .cm-scroller > .c\
m-cursorLayer .cm-cursor":{display:"block"},".cm-iso":{unicodeBidi:"isolate"},".cm-announced":{position:"fixed",top:"-10000px"},"@media print":{".cm-announced":{
display:"none"}},"&light .cm-activeLine":{backgroundColor:"#cceeff44"},"&dark .cm-activeLine":{backgroundColor:"#99eeff33"},"&light .cm-specialChar":{color:"red"},
"&dark .cm-specialChar":{color:"#f78"},".cm-gutters":{flexShrink:0,display:"flex",height:"100%",boxSizing:"border-box",zIndex:200},".cm-gutters-before":{insetInlineStart:0},
".cm-gutters-after":{insetInlineEnd:0},"&light .cm-gutters":{backgroundColor:"#f5f5f5",color:"#6c6c6c",border:"0px solid #ddd","&.cm-gutters-before":{borderRightWidth:"\
1px"},"&.cm-gutters-after":{borderLeftWidth:"1px"}},"&dark .cm-gutters":{backgroundColor:"#333338",color:"#ccc"},".cm-gutter":{display:"flex !important",flexDirection:"\
column",flexShrink:0,boxSizing:"border-box",minHeight:"100%",overflow:"hidden"},".cm-gutterElement":{boxSizing:"border-box"},".cm-lineNumbers .cm-gutterElement":{
padding:"0 3px 0 5px",minWidth:"20px",textAlign:"right",whiteSpace:"nowrap"},"&light .cm-activeLineGutter":{backgroundColor:"#e2f2ff"},"&dark .cm-activeLineGutt\
er":{backgroundColor:"#222227"},".cm-panels":{boxSizing:"border-box",position:"sticky",left:0,right:0,zIndex:300},"&light .cm-panels":{backgroundColor:"#f5f5f5",
color:"black"},".cm-panels-top":{top:"0"},".cm-panels-bottom":{bottom:"0"},"&light .cm-panels-top":{borderBottom:"1px solid #ddd"},"&light .cm-panels-bottom":{borderTop:"\
1px solid #ddd"},"&dark .cm-panels":{backgroundColor:"#333338",color:"white"},".cm-dialog":{padding:"2px 19px 4px 6px",position:"relative","& label":{fontSize:"\
80%"}},".cm-dialog-close":{position:"absolute",top:"3px",right:"4px",backgroundColor:"inherit",border:"none",font:"inherit",fontSize:"14px",padding:"0"},".cm-ta\
b":{display:"inline-block",overflow:"hidden",verticalAlign:"bottom"},".cm-widgetBuffer":{verticalAlign:"baseline",height:"1em",width:0,display:"inline"},".cm-pl\
aceholder":{color:"#888",display:"inline-block",verticalAlign:"top",userSelect:"none"},".cm-highlightSpace":{background:"radial-gradient(circle at 50% 55%, #aaa\
 20%, transparent 0) no-repeat",backgroundSize:".4em",backgroundPosition:"calc(min(50%, 0px)) center"},".cm-highlightTab":{backgroundImage:`url('data:image/svg+\
xml,<svg xmlns="http://www.w3.org/2000/svg" width="200" height="20"><path stroke="%23888" stroke-width="1" fill="none" d="M1 10H196L190 5M190 15L196 10M197 4L19\
7 16"/></svg>')`,backgroundSize:"auto 100%",backgroundPosition:"right 90%",backgroundRepeat:"no-repeat"},".cm-trailingSpace":{backgroundColor:"#ff332255"},".cm-\
button":{verticalAlign:"middle",color:"inherit",fontSize:"70%",padding:".2em 1em",borderRadius:"1px"},"&light .cm-button":{backgroundImage:"linear-gradient(#eff\
1f5, #d9d9df)",border:"1px solid #888","&:active":{backgroundImage:"linear-gradient(#b4b4b4, #d0d3d6)"}},"&dark .cm-button":{backgroundImage:"linear-gradient(#3\
93939, #111)",border:"1px solid #888","&:active":{backgroundImage:"linear-gradient(#111, #333)"}},".cm-textfield":{verticalAlign:"middle",color:"inherit",fontSize:"\
70%",border:"1px solid silver",padding:".2em .5em"},"&light .cm-textfield":{backgroundColor:"white"},"&dark .cm-textfield":{border:"1px solid #555",backgroundColor:"\
inherit"}},dc),Kp={childList:!0,characterData:!0,subtree:!0,attributes:!0,characterDataOldValue:!0},Er=A.ie&&A.ie_version<=11,vo=class{constructor(e){this.view=
e,this.active=!1,this.editContext=null,this.selectionRange=new Qr,this.selectionChanged=!1,this.delayedFlush=-1,this.resizeTimeout=-1,this.queue=[],this.delayedAndroidKey=
null,this.flushingAndroidKey=-1,this.lastChange=0,this.scrollTargets=[],this.intersection=null,this.resizeScroll=null,this.intersecting=!1,this.gapIntersection=
null,this.gaps=[],this.printQuery=null,this.parentCheck=-1,this.dom=e.contentDOM,this.observer=new MutationObserver(t=>{for(let i of t)this.queue.push(i);(A.ie&&
A.ie_version<=11||A.ios&&e.composing)&&t.some(i=>i.type=="childList"&&i.removedNodes.length||i.type=="characterData"&&i.oldValue.length>i.target.nodeValue.length)?
this.flushSoon():this.flush()}),window.EditContext&&A.android&&e.constructor.EDIT_CONTEXT!==!1&&!(A.chrome&&A.chrome_version<126)&&(this.editContext=new So(e),e.
state.facet(lt)&&(e.contentDOM.editContext=this.editContext.editContext)),Er&&(this.onCharData=t=>{this.queue.push({target:t.target,type:"characterData",oldValue:t.
prevValue}),this.flushSoon()}),this.onSelectionChange=this.onSelectionChange.bind(this),this.onResize=this.onResize.bind(this),this.onPrint=this.onPrint.bind(this),
this.onScroll=this.onScroll.bind(this),window.matchMedia&&(this.printQuery=window.matchMedia("print")),typeof ResizeObserver=="function"&&(this.resizeScroll=new ResizeObserver(
()=>{var t;((t=this.view.docView)===null||t===void 0?void 0:t.lastUpdate)<Date.now()-75&&this.onResize()}),this.resizeScroll.observe(e.scrollDOM)),this.addWindowListeners(
this.win=e.win),this.start(),typeof IntersectionObserver=="function"&&(this.intersection=new IntersectionObserver(t=>{this.parentCheck<0&&(this.parentCheck=setTimeout(
this.listenForScroll.bind(this),1e3)),t.length>0&&t[t.length-1].intersectionRatio>0!=this.intersecting&&(this.intersecting=!this.intersecting,this.intersecting!=
this.view.inView&&this.onScrollChanged(document.createEvent("Event")))},{threshold:[0,.001]}),this.intersection.observe(this.dom),this.gapIntersection=new IntersectionObserver(
t=>{t.length>0&&t[t.length-1].intersectionRatio>0&&this.onScrollChanged(document.createEvent("Event"))},{})),this.listenForScroll(),this.readSelectionRange()}onScrollChanged(e){
this.view.inputState.runHandlers("scroll",e),this.intersecting&&this.view.measure()}onScroll(e){this.intersecting&&this.flush(this.pendingRecords().length>0),this.
editContext&&this.view.requestMeasure(this.editContext.measureReq),this.onScrollChanged(e)}onResize(){this.resizeTimeout<0&&(this.resizeTimeout=setTimeout(()=>{
this.resizeTimeout=-1,this.view.requestMeasure()},50))}onPrint(e){(e.type=="change"||!e.type)&&!e.matches||(this.view.viewState.printing=!0,this.view.measure(),
setTimeout(()=>{this.view.viewState.printing=!1,this.view.requestMeasure()},500))}updateGaps(e){if(this.gapIntersection&&(e.length!=this.gaps.length||this.gaps.
some((t,i)=>t!=e[i]))){this.gapIntersection.disconnect();for(let t of e)this.gapIntersection.observe(t);this.gaps=e}}onSelectionChange(e){let t=this.selectionChanged;
if(!this.readSelectionRange()||this.delayedAndroidKey)return;let{view:i}=this,s=this.selectionRange;if(i.state.facet(lt)?i.root.activeElement!=this.dom:!Qi(this.
dom,s))return;let r=s.anchorNode&&i.docView.tile.nearest(s.anchorNode);if(r&&r.isWidget()&&r.widget.ignoreEvent(e)){t||(this.selectionChanged=!1);return}(A.ie&&
A.ie_version<=11||A.android&&A.chrome)&&!i.state.selection.main.empty&&s.focusNode&&qi(s.focusNode,s.focusOffset,s.anchorNode,s.anchorOffset)?this.flushSoon():this.
flush(!1)}readSelectionRange(){let{view:e}=this,t=Ji(e.root);if(!t)return!1;let i=A.safari&&e.root.nodeType==11&&e.root.activeElement==this.dom&&Yp(this.view,t)||
t;if(!i||this.selectionRange.eq(i))return!1;let s=Qi(this.dom,i);return s&&!this.selectionChanged&&e.inputState.lastFocusTime>Date.now()-200&&e.inputState.lastTouchTime<
Date.now()-300&&qd(this.dom,i)?(this.view.inputState.lastFocusTime=0,e.docView.updateSelection(),!1):(this.selectionRange.setRange(i),s&&(this.selectionChanged=
!0),!0)}setSelectionRange(e,t){this.selectionRange.set(e.node,e.offset,t.node,t.offset),this.selectionChanged=!1}clearSelectionRange(){this.selectionRange.set(null,
0,null,0)}listenForScroll(){this.parentCheck=-1;let e=0,t=null;for(let i=this.dom;i;)if(ne(i))!t&&e<this.scrollTargets.length&&this.scrollTargets[e]==i?e++:t||(t=
this.scrollTargets.slice(0,e)),t&&t.push(i),i=i.assignedSlot||i.parentNode;else if(i.nodeType==11)i=i.host;else break;if(e<this.scrollTargets.length&&!t&&(t=this.
scrollTargets.slice(0,e)),t){for(let i of this.scrollTargets)i.removeEventListener("scroll",this.onScroll);for(let i of this.scrollTargets=t)i.addEventListener(
"scroll",this.onScroll)}}ignore(e){if(!this.active)return e();try{return this.stop(),e()}finally{this.start(),this.clear()}}start(){this.active||(this.observer.
observe(this.dom,Kp),Er&&this.dom.addEventListener("DOMCharacterDataModified",this.onCharData),this.active=!0)}stop(){this.active&&(this.active=!1,this.observer.
disconnect(),Er&&this.dom.removeEventListener("DOMCharacterDataModified",this.onCharData))}clear(){this.processRecords(),this.queue.length=0,this.selectionChanged=
!1}delayAndroidKey(e,t){var i;if(!this.delayedAndroidKey){let s=()=>{let r=this.delayedAndroidKey;r&&(this.clearDelayedAndroidKey(),this.view.inputState.lastKeyCode=
r.keyCode,this.view.inputState.lastKeyTime=Date.now(),!this.flush()&&r.force&&ci(this.dom,r.key,r.keyCode))};this.flushingAndroidKey=this.view.win.requestAnimationFrame(
s)}(!this.delayedAndroidKey||e=="Enter")&&(this.delayedAndroidKey={key:e,keyCode:t,force:this.lastChange<Date.now()-50||!!(!((i=this.delayedAndroidKey)===null||
i===void 0)&&i.force)})}clearDelayedAndroidKey(){this.win.cancelAnimationFrame(this.flushingAndroidKey),this.delayedAndroidKey=null,this.flushingAndroidKey=-1}flushSoon(){
this.delayedFlush<0&&(this.delayedFlush=this.view.win.requestAnimationFrame(()=>{this.delayedFlush=-1,this.flush()}))}forceFlush(){this.delayedFlush>=0&&(this.view.
win.cancelAnimationFrame(this.delayedFlush),this.delayedFlush=-1),this.flush()}pendingRecords(){for(let e of this.observer.takeRecords())this.queue.push(e);return this.
queue}processRecords(){let e=this.pendingRecords();e.length&&(this.queue=[]);let t=-1,i=-1,s=!1;for(let r of e){let o=this.readMutation(r);o&&(o.typeOver&&(s=!0),
t==-1?{from:t,to:i}=o:(t=Math.min(o.from,t),i=Math.max(o.to,i)))}return{from:t,to:i,typeOver:s}}readChange(){let{from:e,to:t,typeOver:i}=this.processRecords(),s=this.
selectionChanged&&Qi(this.dom,this.selectionRange);if(e<0&&!s)return null;e>-1&&(this.lastChange=Date.now()),this.view.inputState.lastFocusTime=0,this.selectionChanged=
!1;let r=new ro(this.view,e,t,i);return this.view.docView.domChanged={newSel:r.newSel?r.newSel.main:null},r}flush(e=!0){if(this.delayedFlush>=0||this.delayedAndroidKey)
return!1;e&&this.readSelectionRange();let t=this.selectionChanged,i=this.readChange();if(!i)return this.view.requestMeasure(),!1;let s=this.view.state,r=tc(this.
view,i);return this.view.state==s&&(i.domChanged||t)&&this.view.update([]),r}readMutation(e){let t=this.view.docView.tile.nearest(e.target);if(!t||t.isWidget())
return null;if(t.markDirty(e.type=="attributes"),e.type=="childList"){let i=oh(t,e.previousSibling||e.target.previousSibling,-1),s=oh(t,e.nextSibling||e.target.
nextSibling,1);return{from:i?t.posAfter(i):t.posAtStart,to:s?t.posBefore(s):t.posAtEnd,typeOver:!1}}else return e.type=="characterData"?{from:t.posAtStart,to:t.
posAtEnd,typeOver:e.target.nodeValue==e.oldValue}:null}setWindow(e){e!=this.win&&(this.removeWindowListeners(this.win),this.win=e,this.addWindowListeners(this.win))}addWindowListeners(e){
e.addEventListener("resize",this.onResize),this.printQuery?this.printQuery.addEventListener?this.printQuery.addEventListener("change",this.onPrint):this.printQuery.
addListener(this.onPrint):e.addEventListener("beforeprint",this.onPrint),e.addEventListener("scroll",this.onScroll),e.document.addEventListener("selectionchange",
this.onSelectionChange)}removeWindowListeners(e){e.removeEventListener("scroll",this.onScroll),e.removeEventListener("resize",this.onResize),this.printQuery?this.
printQuery.removeEventListener?this.printQuery.removeEventListener("change",this.onPrint):this.printQuery.removeListener(this.onPrint):e.removeEventListener("be\
foreprint",this.onPrint),e.document.removeEventListener("selectionchange",this.onSelectionChange)}update(e){this.editContext&&(this.editContext.update(e),e.startState.
facet(lt)!=e.state.facet(lt)&&(e.view.contentDOM.editContext=e.state.facet(lt)?this.editContext.editContext:null))}destroy(){var e,t,i;this.stop(),(e=this.intersection)===
null||e===void 0||e.disconnect(),(t=this.gapIntersection)===null||t===void 0||t.disconnect(),(i=this.resizeScroll)===null||i===void 0||i.disconnect();for(let s of this.
scrollTargets)s.removeEventListener("scroll",this.onScroll);this.removeWindowListeners(this.win),clearTimeout(this.parentCheck),clearTimeout(this.resizeTimeout),
this.win.cancelAnimationFrame(this.delayedFlush),this.win.cancelAnimationFrame(this.flushingAndroidKey),this.editContext&&(this.view.contentDOM.editContext=null,
this.editContext.destroy())}};function oh(n,e,t){for(;e;){let i=Y.get(e);if(i&&i.parent==n)return i;let s=e.parentNode;e=s!=n.dom?s:t>0?e.nextSibling:e.previousSibling}
return null}function lh(n,e){let t=e.startContainer,i=e.startOffset,s=e.endContainer,r=e.endOffset,o=n.docView.domAtPos(n.state.selection.main.anchor,1);return qi(
o.node,o.offset,s,r)&&([t,i,s,r]=[s,r,t,i]),{anchorNode:t,anchorOffset:i,focusNode:s,focusOffset:r}}function Yp(n,e){if(e.getComposedRanges){let s=e.getComposedRanges(
n.root)[0];if(s)return lh(n,s)}let t=null;function i(s){s.preventDefault(),s.stopImmediatePropagation(),t=s.getTargetRanges()[0]}return n.contentDOM.addEventListener(
"beforeinput",i,!0),n.dom.ownerDocument.execCommand("indent"),n.contentDOM.removeEventListener("beforeinput",i,!0),t?lh(n,t):null}var So=class{constructor(e){this.
from=0,this.to=0,this.pendingContextChange=null,this.handlers=Object.create(null),this.composing=null,this.resetRange(e.state);let t=this.editContext=new window.
EditContext({text:e.state.doc.sliceString(this.from,this.to),selectionStart:this.toContextPos(Math.max(this.from,Math.min(this.to,e.state.selection.main.anchor))),
selectionEnd:this.toContextPos(e.state.selection.main.head)});this.handlers.textupdate=i=>{let s=e.state.selection.main,{anchor:r,head:o}=s,l=this.toEditorPos(i.
updateRangeStart),a=this.toEditorPos(i.updateRangeEnd);e.inputState.composing>=0&&!this.composing&&(this.composing={contextBase:i.updateRangeStart,editorBase:l,
drifted:!1});let h=a-l>i.text.length;l==this.from&&r<this.from?l=r:a==this.to&&r>this.to&&(a=r);let c=ic(e.state.sliceDoc(l,a),i.text,(h?s.from:s.to)-l,h?"end":
null);if(!c){let u=k.single(this.toEditorPos(i.selectionStart),this.toEditorPos(i.selectionEnd));oo(u,s)||e.dispatch({selection:u,userEvent:"select"});return}let f={
from:c.from+l,to:c.toA+l,insert:W.of(i.text.slice(c.from,c.toB).split(`
`))};if((A.mac||A.android)&&f.from==o-1&&/^\. ?$/.test(i.text)&&e.contentDOM.getAttribute("autocorrect")=="off"&&(f={from:l,to:a,insert:W.of([i.text.replace(".",
" ")])}),this.pendingContextChange=f,!e.state.readOnly){let u=this.to-this.from+(f.to-f.from+f.insert.length);qo(e,f,k.single(this.toEditorPos(i.selectionStart,
u),this.toEditorPos(i.selectionEnd,u)))}this.pendingContextChange&&(this.revertPending(e.state),this.setSelection(e.state)),f.from<f.to&&!f.insert.length&&e.inputState.
composing>=0&&!/[\\p{Alphabetic}\\p{Number}_]/.test(t.text.slice(Math.max(0,i.updateRangeStart-1),Math.min(t.text.length,i.updateRangeStart+1)))&&this.handlers.
compositionend(i)},this.handlers.characterboundsupdate=i=>{let s=[],r=null;for(let o=this.toEditorPos(i.rangeStart),l=this.toEditorPos(i.rangeEnd);o<l;o++){let a=e.
coordsForChar(o);r=a&&new DOMRect(a.left,a.top,a.right-a.left,a.bottom-a.top)||r||new DOMRect,s.push(r)}t.updateCharacterBounds(i.rangeStart,s)},this.handlers.textformatupdate=
i=>{let s=[];for(let r of i.getTextFormats()){let o=r.underlineStyle,l=r.underlineThickness;if(!/none/i.test(o)&&!/none/i.test(l)){let a=this.toEditorPos(r.rangeStart),
h=this.toEditorPos(r.rangeEnd);if(a<h){let c=`text-decoration: underline ${/^[a-z]/.test(o)?o+" ":o=="Dashed"?"dashed ":o=="Squiggle"?"wavy ":""}${/thin/i.test(
l)?1:2}px`;s.push(D.mark({attributes:{style:c}}).range(a,h))}}}e.dispatch({effects:$h.of(D.set(s))})},this.handlers.compositionstart=()=>{e.inputState.composing<
0&&(e.inputState.composing=0,e.inputState.compositionFirstChange=!0)},this.handlers.compositionend=()=>{if(e.inputState.composing=-1,e.inputState.compositionFirstChange=
null,this.composing){let{drifted:i}=this.composing;this.composing=null,i&&this.reset(e.state)}};for(let i in this.handlers)t.addEventListener(i,this.handlers[i]);
this.measureReq={read:i=>{let s=Ji(i.root);s&&s.rangeCount&&this.editContext.updateSelectionBounds(s.getRangeAt(0).getBoundingClientRect())}}}applyEdits(e){let t=0,
i=!1,s=this.pendingContextChange;return e.changes.iterChanges((r,o,l,a,h)=>{if(i)return;let c=h.length-(o-r);if(s&&o>=s.to)if(s.from==r&&s.to==o&&s.insert.eq(h)){
s=this.pendingContextChange=null,t+=c,this.to+=c;return}else s=null,this.revertPending(e.state);if(r+=t,o+=t,o<=this.from)this.from+=c,this.to+=c;else if(r<this.
to){if(r<this.from||o>this.to||this.to-this.from+h.length>3e4){i=!0;return}this.editContext.updateText(this.toContextPos(r),this.toContextPos(o),h.toString()),this.
to+=c}t+=c}),s&&!i&&this.revertPending(e.state),!i}update(e){let t=this.pendingContextChange,i=e.startState.selection.main;this.composing&&(this.composing.drifted||
!e.changes.touchesRange(i.from,i.to)&&e.transactions.some(s=>!s.isUserEvent("input.type")&&s.changes.touchesRange(this.from,this.to)))?(this.composing.drifted=!0,
this.composing.editorBase=e.changes.mapPos(this.composing.editorBase)):!this.applyEdits(e)||!this.rangeIsValid(e.state)?(this.pendingContextChange=null,this.reset(
e.state)):(e.docChanged||e.selectionSet||t)&&this.setSelection(e.state),(e.geometryChanged||e.docChanged||e.selectionSet)&&e.view.requestMeasure(this.measureReq)}resetRange(e){
let{head:t}=e.selection.main;this.from=Math.max(0,t-1e4),this.to=Math.min(e.doc.length,t+1e4)}reset(e){this.resetRange(e),this.editContext.updateText(0,this.editContext.
text.length,e.doc.sliceString(this.from,this.to)),this.setSelection(e)}revertPending(e){let t=this.pendingContextChange;this.pendingContextChange=null,this.editContext.
updateText(this.toContextPos(t.from),this.toContextPos(t.from+t.insert.length),e.doc.sliceString(t.from,t.to))}setSelection(e){let{main:t}=e.selection,i=this.toContextPos(
Math.max(this.from,Math.min(this.to,t.anchor))),s=this.toContextPos(t.head);(this.editContext.selectionStart!=i||this.editContext.selectionEnd!=s)&&this.editContext.
updateSelection(i,s)}rangeIsValid(e){let{head:t}=e.selection.main;return!(this.from>0&&t-this.from<500||this.to<e.doc.length&&this.to-t<500||this.to-this.from>1e4*
3)}toEditorPos(e,t=this.to-this.from){e=Math.min(e,t);let i=this.composing;return i&&i.drifted?i.editorBase+(e-i.contextBase):e+this.from}toContextPos(e){let t=this.
composing;return t&&t.drifted?t.contextBase+(e-t.editorBase):e-this.from}destroy(){for(let e in this.handlers)this.editContext.removeEventListener(e,this.handlers[e])}},
P=class n{get state(){return this.viewState.state}get viewport(){return this.viewState.viewport}get visibleRanges(){return this.viewState.visibleRanges}get inView(){
return this.viewState.inView}get composing(){return!!this.inputState&&this.inputState.composing>0}get compositionStarted(){return!!this.inputState&&this.inputState.
composing>=0}get root(){return this._root}get win(){return this.dom.ownerDocument.defaultView||window}constructor(e={}){var t;this.plugins=[],this.pluginMap=new Map,
this.editorAttrs={},this.contentAttrs={},this.bidiCache=[],this.destroyed=!1,this.updateState=2,this.measureScheduled=-1,this.measureRequests=[],this.clearAnnouncement=
-1,this.contentDOM=document.createElement("div"),this.scrollDOM=document.createElement("div"),this.scrollDOM.tabIndex=-1,this.scrollDOM.className="cm-scroller",
this.scrollDOM.appendChild(this.contentDOM),this.announceDOM=document.createElement("div"),this.announceDOM.className="cm-announced",this.announceDOM.setAttribute(
"aria-live","polite"),this.dom=document.createElement("div"),this.dom.appendChild(this.announceDOM),this.dom.appendChild(this.scrollDOM),e.parent&&e.parent.appendChild(
this.dom);let{dispatch:i}=e;this.dispatchTransactions=e.dispatchTransactions||i&&(s=>s.forEach(r=>i(r,this)))||(s=>this.update(s)),this.dispatch=this.dispatch.bind(
this),this._root=e.root||Qd(e.parent)||document,this.viewState=new as(this,e.state||z.create(e)),e.scrollTo&&e.scrollTo.is(Wn)&&(this.viewState.scrollTarget=e.scrollTo.
value.clip(this.viewState.state)),this.plugins=this.state.facet(ri).map(s=>new $i(s));for(let s of this.plugins)s.update(this);this.observer=new vo(this),this.inputState=
new lo(this),this.inputState.ensureHandlers(this.plugins),this.docView=new ss(this),this.mountStyles(),this.updateAttrs(),this.updateState=0,this.requestMeasure(),
!((t=document.fonts)===null||t===void 0)&&t.ready&&document.fonts.ready.then(()=>{this.viewState.mustMeasureContent="refresh",this.requestMeasure()})}dispatch(...e){
let t=e.length==1&&e[0]instanceof ie?e:e.length==1&&Array.isArray(e[0])?e[0]:[this.state.update(...e)];this.dispatchTransactions(t,this)}update(e){if(this.updateState!=
0)throw new Error("Calls to EditorView.update are not allowed while an update is in progress");let t=!1,i=!1,s,r=this.state;for(let u of e){if(u.startState!=r)throw new RangeError(
"Trying to update state with a transaction that doesn't start from the previous state.");r=u.state}if(this.destroyed){this.viewState.state=r;return}let o=this.hasFocus,
l=0,a=null;e.some(u=>u.annotation(ac))?(this.inputState.notifiedFocused=o,l=1):o!=this.inputState.notifiedFocused&&(this.inputState.notifiedFocused=o,a=hc(r,o),
a||(l=1));let h=this.observer.delayedAndroidKey,c=null;if(h?(this.observer.clearDelayedAndroidKey(),c=this.observer.readChange(),(c&&!this.state.doc.eq(r.doc)||
!this.state.selection.eq(r.selection))&&(c=null)):this.observer.clear(),r.facet(z.phrases)!=this.state.facet(z.phrases))return this.setState(r);s=is.create(this,
r,e),s.flags|=l;let f=this.viewState.scrollTarget;try{this.updateState=2;for(let u of e){if(f&&(f=f.map(u.changes)),u.scrollIntoView){let{main:d}=u.state.selection,
{x:p,y:m}=this.state.facet(n.cursorScrollMargin);f=new Xi(d.empty?d:k.cursor(d.head,d.head>d.anchor?-1:1),"nearest","nearest",m,p)}for(let d of u.effects)d.is(Wn)&&
(f=d.value.clip(this.state))}this.viewState.update(s,f),this.bidiCache=hs.update(this.bidiCache,s.changes),s.empty||(this.updatePlugins(s),this.inputState.update(
s)),t=this.docView.update(s),this.state.facet(Vi)!=this.styleModules&&this.mountStyles(),i=this.updateAttrs(),this.showAnnouncements(e),this.docView.updateSelection(
t,e.some(u=>u.isUserEvent("select.pointer")))}finally{this.updateState=0}if(s.startState.facet(Qn)!=s.state.facet(Qn)&&(this.viewState.mustMeasureContent=!0),(t||
i||f||this.viewState.mustEnforceCursorAssoc||this.viewState.mustMeasureContent)&&this.requestMeasure(),t&&this.docViewUpdate(),!s.empty)for(let u of this.state.
facet(Ur))try{u(s)}catch(d){ye(this.state,d,"update listener")}(a||c)&&Promise.resolve().then(()=>{a&&this.state==a.startState&&this.dispatch(a),c&&!tc(this,c)&&
h.force&&ci(this.contentDOM,h.key,h.keyCode)})}setState(e){if(this.updateState!=0)throw new Error("Calls to EditorView.setState are not allowed while an update \
is in progress");if(this.destroyed){this.viewState.state=e;return}this.updateState=2;let t=this.hasFocus;try{for(let i of this.plugins)i.destroy(this);this.viewState=
new as(this,e),this.plugins=e.facet(ri).map(i=>new $i(i)),this.pluginMap.clear();for(let i of this.plugins)i.update(this);this.docView.destroy(),this.docView=new ss(
this),this.inputState.ensureHandlers(this.plugins),this.mountStyles(),this.updateAttrs(),this.bidiCache=[]}finally{this.updateState=0}t&&this.focus(),this.requestMeasure()}updatePlugins(e){
let t=e.startState.facet(ri),i=e.state.facet(ri);if(t!=i){let s=[];for(let r of i){let o=t.indexOf(r);if(o<0)s.push(new $i(r));else{let l=this.plugins[o];l.mustUpdate=
e,s.push(l)}}for(let r of this.plugins)r.mustUpdate!=e&&r.destroy(this);this.plugins=s,this.pluginMap.clear()}else for(let s of this.plugins)s.mustUpdate=e;for(let s=0;s<
this.plugins.length;s++)this.plugins[s].update(this);t!=i&&this.inputState.ensureHandlers(this.plugins)}docViewUpdate(){for(let e of this.plugins){let t=e.value;
if(t&&t.docViewUpdate)try{t.docViewUpdate(this)}catch(i){ye(this.state,i,"doc view update listener")}}}measure(e=!0){if(this.destroyed)return;if(this.measureScheduled>
-1&&this.win.cancelAnimationFrame(this.measureScheduled),this.observer.delayedAndroidKey){this.measureScheduled=-1,this.requestMeasure();return}this.measureScheduled=
0,e&&this.observer.forceFlush();let t=null,i=this.viewState.scrollParent,s=this.viewState.getScrollOffset(),{scrollAnchorPos:r,scrollAnchorHeight:o,scaleY:l}=this.
viewState;Math.abs(s-this.viewState.scrollOffset)>1&&(o=-1),this.viewState.scrollAnchorHeight=-1;try{for(let a=0;;a++){if(o<0){if(Ph(i||this.win))r=-1,o=this.viewState.
heightMap.height/this.viewState.scaleY;else{let p=this.viewState.scrollAnchorAt(s);r=p.from,o=p.top}l=this.viewState.scaleY}this.updateState=1;let h=this.viewState.
measure();if(!h&&!this.measureRequests.length&&this.viewState.scrollTarget==null)break;if(a>5){console.warn(this.measureRequests.length?"Measure loop restarted \
more than 5 times":"Viewport failed to stabilize");break}let c=[];h&4||([this.measureRequests,c]=[c,this.measureRequests]);let f=c.map(p=>{try{return p.read(this)}catch(m){
return ye(this.state,m),ah}}),u=is.create(this,this.state,[]),d=!1;u.flags|=h,t?t.flags|=h:t=u,this.updateState=2,u.empty||(this.updatePlugins(u),this.inputState.
update(u),this.updateAttrs(),d=this.docView.update(u),d&&this.docViewUpdate());for(let p=0;p<c.length;p++)if(f[p]!=ah)try{let m=c[p];m.write&&m.write(f[p],this)}catch(m){
ye(this.state,m)}if(d&&this.docView.updateSelection(!0),!u.viewportChanged&&this.measureRequests.length==0){if(this.viewState.editorHeight)if(this.viewState.scrollTarget){
this.docView.scrollIntoView(this.viewState.scrollTarget),this.viewState.scrollTarget=null,o=-1;continue}else{let m=(r<0?this.viewState.heightMap.height:this.viewState.
lineBlockAt(r).top)/this.viewState.scaleY-o/l;if((m>1||m<-1)&&!(A.ios&&this.inputState.lastIOSMomentumScroll>Date.now()-100)&&(i==this.scrollDOM||this.hasFocus||
Math.max(this.inputState.lastWheelEvent,this.inputState.lastTouchTime)>Date.now()-100)){s=s+m,i?r<0?i.scrollTop=i.scrollHeight:i.scrollTop+=m:this.win.scrollBy(
0,m),o=-1;continue}}break}}}finally{this.updateState=0,this.measureScheduled=-1}if(t&&!t.empty)for(let a of this.state.facet(Ur))a(t)}get themeClasses(){return ko+
" "+(this.state.facet(xo)?uc:fc)+" "+this.state.facet(Qn)}updateAttrs(){let e=hh(this,Uh,{class:"cm-editor"+(this.hasFocus?" cm-focused ":" ")+this.themeClasses}),
t={spellcheck:"false",autocorrect:"off",autocapitalize:"off",writingsuggestions:"false",translate:"no",contenteditable:this.state.facet(lt)?"true":"false",class:"\
cm-content",style:`${A.tabSize}: ${this.state.tabSize}`,role:"textbox","aria-multiline":"true"};this.state.readOnly&&(t["aria-readonly"]="true"),hh(this,Vo,t);let i=this.
observer.ignore(()=>{let s=Qa(this.contentDOM,this.contentAttrs,t),r=Qa(this.dom,this.editorAttrs,e);return s||r});return this.editorAttrs=e,this.contentAttrs=t,
i}showAnnouncements(e){let t=!0;for(let i of e)for(let s of i.effects)if(s.is(n.announce)){t&&(this.announceDOM.textContent="",this.win.clearTimeout(this.clearAnnouncement),
this.clearAnnouncement=this.win.setTimeout(()=>{this.announceDOM.textContent="\xA0"},200),t=!1);let r=this.announceDOM.appendChild(document.createElement("div"));
r.textContent=s.value}}mountStyles(){this.styleModules=this.state.facet(Vi);let e=this.state.facet(n.cspNonce);Be.mount(this.root,this.styleModules.concat(Gp).reverse(),
e?{nonce:e}:void 0)}readMeasured(){if(this.updateState==2)throw new Error("Reading the editor layout isn't allowed during an update");this.updateState==0&&this.
measureScheduled>-1&&this.measure(!1)}requestMeasure(e){if(this.measureScheduled<0&&(this.measureScheduled=this.win.requestAnimationFrame(()=>this.measure())),e){
if(this.measureRequests.indexOf(e)>-1)return;if(e.key!=null){for(let t=0;t<this.measureRequests.length;t++)if(this.measureRequests[t].key===e.key){this.measureRequests[t]=
e;return}}this.measureRequests.push(e)}}plugin(e){let t=this.pluginMap.get(e);return(t===void 0||t&&t.plugin!=e)&&this.pluginMap.set(e,t=this.plugins.find(i=>i.
plugin==e)||null),t&&t.update(this).value}get documentTop(){return this.contentDOM.getBoundingClientRect().top+this.viewState.paddingTop}get documentPadding(){return{
top:this.viewState.paddingTop,bottom:this.viewState.paddingBottom}}get scaleX(){return this.viewState.scaleX}get scaleY(){return this.viewState.scaleY}elementAtHeight(e){
return this.readMeasured(),this.viewState.elementAtHeight(e)}lineBlockAtHeight(e){return this.readMeasured(),this.viewState.lineBlockAtHeight(e)}get viewportLineBlocks(){
return this.viewState.viewportLines}lineBlockAt(e){return this.viewState.lineBlockAt(e)}get contentHeight(){return this.viewState.contentHeight}moveByChar(e,t,i){
return Br(this,e,Ka(this,e,t,i))}moveByGroup(e,t){return Br(this,e,Ka(this,e,t,i=>bp(this,e.head,i)))}visualLineSide(e,t){return t?k.cursor(e.to,1):k.cursor(e.from,
-1)}moveToLineBoundary(e,t,i=!0){return gp(this,e,t,i)}moveVertically(e,t,i){return Br(this,e,yp(this,e,t,i))}domAtPos(e,t=1){return this.docView.domAtPos(e,t)}posAtDOM(e,t=0){
return this.docView.posFromDOM(e,t)}posAtCoords(e,t=!0){this.readMeasured();let i=io(this,e,t);return i&&i.pos}posAndSideAtCoords(e,t=!0){return this.readMeasured(),
io(this,e,t)}coordsAtPos(e,t=1){this.readMeasured();let i=this.state.doc.lineAt(e),s=this.bidiSpans(i),r=s[Ie.find(s,e-i.from,-1,t)];return i.length&&(e==i.from&&
t<0||e==i.to&&t>0)&&r.dir!=this.textDirectionAt(i.from)&&(e==i.to?(e=i.from+r.from,t=1):(e=i.from+r.to,t=-1)),this.docView.coordsAt(e,t,r.dir==q.RTL)}coordsForChar(e){
return this.readMeasured(),this.docView.coordsForChar(e)}get defaultCharacterWidth(){return this.viewState.heightOracle.charWidth}get defaultLineHeight(){return this.
viewState.heightOracle.lineHeight}get textDirection(){return this.viewState.defaultTextDirection}textDirectionAt(e){return!this.state.facet(Qh)||e<this.viewport.
from||e>this.viewport.to?this.textDirection:(this.readMeasured(),this.docView.textDirectionAt(e))}get lineWrapping(){return this.viewState.heightOracle.lineWrapping}bidiSpans(e){
if(e.length>jp)return Lh(e.length);let t=this.textDirectionAt(e.from),i;for(let r of this.bidiCache)if(r.from==e.from&&r.dir==t&&(r.fresh||Eh(r.isolates,i=$a(this,
e))))return r.order;i||(i=$a(this,e));let s=jd(e.text,t,i);return this.bidiCache.push(new hs(e.from,e.to,t,i,!0,s)),s}get hasFocus(){var e;return(this.dom.ownerDocument.
hasFocus()||A.safari&&((e=this.inputState)===null||e===void 0?void 0:e.lastContextMenu)>Date.now()-3e4)&&this.root.activeElement==this.contentDOM}focus(){this.observer.
ignore(()=>{Mh(this.contentDOM),this.docView.updateSelection()})}setRoot(e){this._root!=e&&(this._root=e,this.observer.setWindow((e.nodeType==9?e:e.ownerDocument).
defaultView||window),this.mountStyles())}destroy(){this.root.activeElement==this.contentDOM&&this.contentDOM.blur();for(let e of this.plugins)e.destroy(this);this.
plugins=[],this.inputState.destroy(),this.docView.destroy(),this.dom.remove(),this.observer.destroy(),this.win.clearTimeout(this.clearAnnouncement),this.measureScheduled>
-1&&this.win.cancelAnimationFrame(this.measureScheduled),this.destroyed=!0}static scrollIntoView(e,t={}){var i,s,r,o;return Wn.of(new Xi(typeof e=="number"?k.cursor(
e):e,(i=t.y)!==null&&i!==void 0?i:"nearest",(s=t.x)!==null&&s!==void 0?s:"nearest",(r=t.yMargin)!==null&&r!==void 0?r:5,(o=t.xMargin)!==null&&o!==void 0?o:5))}scrollSnapshot(){
let{scrollTop:e,scrollLeft:t}=this.scrollDOM,i=this.viewState.scrollAnchorAt(e);return Wn.of(new Xi(k.cursor(i.from),"start","start",i.top-e,t,!0))}setTabFocusMode(e){
e==null?this.inputState.tabFocusMode=this.inputState.tabFocusMode<0?0:-1:typeof e=="boolean"?this.inputState.tabFocusMode=e?0:-1:this.inputState.tabFocusMode!=0&&
(this.inputState.tabFocusMode=Date.now()+e)}static domEventHandlers(e){return Z.define(()=>({}),{eventHandlers:e})}static domEventObservers(e){return Z.define(()=>({}),
{eventObservers:e})}static theme(e,t){let i=Be.newName(),s=[Qn.of(i),Vi.of(wo(`.${i}`,e))];return t&&t.dark&&s.push(xo.of(!0)),s}static baseTheme(e){return pt.lowest(
Vi.of(wo("."+ko,e,dc)))}static findFromDOM(e){var t;let i=e.querySelector(".cm-content"),s=i&&Y.get(i)||Y.get(e);return((t=s?.root)===null||t===void 0?void 0:t.
view)||null}};P.styleModule=Vi;P.inputHandler=Vh;P.clipboardInputFilter=Fo;P.clipboardOutputFilter=Ho;P.scrollHandler=Xh;P.focusChangeEffect=zh;P.perLineTextDirection=
Qh;P.exceptionSink=Hh;P.updateListener=Ur;P.editable=lt;P.mouseSelectionStyle=Fh;P.dragMovesSelection=Wh;P.clickAddsSelectionRange=Nh;P.decorations=gs;P.blockWrappers=
Gh;P.outerDecorations=zo;P.atomicRanges=tn;P.bidiIsolatedRanges=Kh;P.cursorScrollMargin=C.define({combine:n=>{let e=5,t=5;for(let i of n)typeof i=="number"?e=t=
i:{x:e,y:t}=i;return{x:e,y:t}}});P.scrollMargins=jh;P.darkTheme=xo;P.cspNonce=C.define({combine:n=>n.length?n[0]:""});P.contentAttributes=Vo;P.editorAttributes=
Uh;P.lineWrapping=P.contentAttributes.of({class:"cm-lineWrapping"});P.announce=L.define();var jp=4096,ah={},hs=class n{constructor(e,t,i,s,r,o){this.from=e,this.
to=t,this.dir=i,this.isolates=s,this.fresh=r,this.order=o}static update(e,t){if(t.empty&&!e.some(r=>r.fresh))return e;let i=[],s=e.length?e[e.length-1].dir:q.LTR;
for(let r=Math.max(0,e.length-10);r<e.length;r++){let o=e[r];o.dir==s&&!t.touchesRange(o.from,o.to)&&i.push(new n(t.mapPos(o.from,1),t.mapPos(o.to,-1),o.dir,o.isolates,
!1,o.order))}return i}};function hh(n,e,t){for(let i=n.state.facet(e),s=i.length-1;s>=0;s--){let r=i[s],o=typeof r=="function"?r(n):r;o&&Io(o,t)}return t}var _p=A.
mac?"mac":A.windows?"win":A.linux?"linux":"key";function Zp(n,e){let t=n.split(/-(?!$)/),i=t[t.length-1];i=="Space"&&(i=" ");let s,r,o,l;for(let a=0;a<t.length-
1;++a){let h=t[a];if(/^(cmd|meta|m)$/i.test(h))l=!0;else if(/^a(lt)?$/i.test(h))s=!0;else if(/^(c|ctrl|control)$/i.test(h))r=!0;else if(/^s(hift)?$/i.test(h))o=
!0;else if(/^mod$/i.test(h))e=="mac"?l=!0:r=!0;else throw new Error("Unrecognized modifier name: "+h)}return s&&(i="Alt-"+i),r&&(i="Ctrl-"+i),l&&(i="Meta-"+i),o&&
(i="Shift-"+i),i}function qn(n,e,t){return e.altKey&&(n="Alt-"+n),e.ctrlKey&&(n="Ctrl-"+n),e.metaKey&&(n="Meta-"+n),t!==!1&&e.shiftKey&&(n="Shift-"+n),n}var Jp=pt.
default(P.domEventHandlers({keydown(n,e){return gc(pc(e.state),n,e,"editor")}})),Xo=C.define({enables:Jp}),ch=new WeakMap;function pc(n){let e=n.facet(Xo),t=ch.
get(e);return t||ch.set(e,t=tm(e.reduce((i,s)=>i.concat(s),[]))),t}function mc(n,e,t){return gc(pc(n.state),e,n,t)}var gt=null,em=4e3;function tm(n,e=_p){let t=Object.
create(null),i=Object.create(null),s=(o,l)=>{let a=i[o];if(a==null)i[o]=l;else if(a!=l)throw new Error("Key binding "+o+" is used both as a regular binding and \
as a multi-stroke prefix")},r=(o,l,a,h,c)=>{var f,u;let d=t[o]||(t[o]=Object.create(null)),p=l.split(/ (?!$)/).map(b=>Zp(b,e));for(let b=1;b<p.length;b++){let M=p.
slice(0,b).join(" ");s(M,!0),d[M]||(d[M]={preventDefault:!0,stopPropagation:!1,run:[x=>{let T=gt={view:x,prefix:M,scope:o};return setTimeout(()=>{gt==T&&(gt=null)},
em),!0}]})}let m=p.join(" ");s(m,!1);let g=d[m]||(d[m]={preventDefault:!1,stopPropagation:!1,run:((u=(f=d._any)===null||f===void 0?void 0:f.run)===null||u===void 0?
void 0:u.slice())||[]});a&&g.run.push(a),h&&(g.preventDefault=!0),c&&(g.stopPropagation=!0)};for(let o of n){let l=o.scope?o.scope.split(" "):["editor"];if(o.any)
for(let h of l){let c=t[h]||(t[h]=Object.create(null));c._any||(c._any={preventDefault:!1,stopPropagation:!1,run:[]});let{any:f}=o;for(let u in c)c[u].run.push(
d=>f(d,Oo))}let a=o[e]||o.key;if(a)for(let h of l)r(h,a,o.run,o.preventDefault,o.stopPropagation),o.shift&&r(h,"Shift-"+a,o.shift,o.preventDefault,o.stopPropagation)}
return t}var Oo=null;function gc(n,e,t,i){Oo=e;let s=Wa(e),r=Hi(s,0),o=In(r)==s.length&&s!=" ",l="",a=!1,h=!1,c=!1;gt&&gt.view==t&&gt.scope==i&&(l=gt.prefix+" ",
sc.indexOf(e.keyCode)<0&&(h=!0,gt=null));let f=new Set,u=g=>{if(g){for(let b of g.run)if(!f.has(b)&&(f.add(b),b(t)))return g.stopPropagation&&(c=!0),!0;g.preventDefault&&
(g.stopPropagation&&(c=!0),h=!0)}return!1},d=n[i],p,m;return d&&(u(d[l+qn(s,e,!o)])?a=!0:o&&(e.altKey||e.metaKey||e.ctrlKey)&&!(A.windows&&e.ctrlKey&&e.altKey)&&
!(A.mac&&e.altKey&&!(e.ctrlKey||e.metaKey))&&(p=ot[e.keyCode])&&p!=s?(u(d[l+qn(p,e,!0)])||e.shiftKey&&(m=ni[e.keyCode])!=s&&m!=p&&u(d[l+qn(m,e,!1)]))&&(a=!0):o&&
e.shiftKey&&u(d[l+qn(s,e,!0)])&&(a=!0),!a&&u(d._any)&&(a=!0)),h&&(a=!0),a&&c&&e.stopPropagation(),Oo=null,a}var Nt=class n{constructor(e,t,i,s,r){this.className=
e,this.left=t,this.top=i,this.width=s,this.height=r}draw(){let e=document.createElement("div");return e.className=this.className,this.adjust(e),e}update(e,t){return t.
className!=this.className?!1:(this.adjust(e),!0)}adjust(e){e.style.left=this.left+"px",e.style.top=this.top+"px",this.width!=null&&(e.style.width=this.width+"px"),
e.style.height=this.height+"px"}eq(e){return this.left==e.left&&this.top==e.top&&this.width==e.width&&this.height==e.height&&this.className==e.className}static forRange(e,t,i){
if(i.empty){let s=e.coordsAtPos(i.head,i.assoc||1);if(!s)return[];let r=bc(e);return[new n(t,s.left-r.left,s.top-r.top,null,s.bottom-s.top)]}else return im(e,t,
i)}};function bc(n){let e=n.scrollDOM.getBoundingClientRect();return{left:(n.textDirection==q.LTR?e.left:e.right-n.scrollDOM.clientWidth*n.scaleX)-n.scrollDOM.scrollLeft*
n.scaleX,top:e.top-n.scrollDOM.scrollTop*n.scaleY}}function fh(n,e,t,i){let s=n.coordsAtPos(e,t*2);if(!s)return i;let r=n.dom.getBoundingClientRect(),o=(s.top+s.
bottom)/2,l=n.posAtCoords({x:r.left+1,y:o}),a=n.posAtCoords({x:r.right-1,y:o});return l==null||a==null?i:{from:Math.max(i.from,Math.min(l,a)),to:Math.min(i.to,Math.
max(l,a))}}function im(n,e,t){if(t.to<=n.viewport.from||t.from>=n.viewport.to)return[];let i=Math.max(t.from,n.viewport.from),s=Math.min(t.to,n.viewport.to),r=n.
textDirection==q.LTR,o=n.contentDOM,l=o.getBoundingClientRect(),a=bc(n),h=o.querySelector(".cm-line"),c=h&&window.getComputedStyle(h),f=l.left+(c?parseInt(c.paddingLeft)+
Math.min(0,parseInt(c.textIndent)):0),u=l.right-(c?parseInt(c.paddingRight):0),d=to(n,i,1),p=to(n,s,-1),m=d.type==re.Text?d:null,g=p.type==re.Text?p:null;if(m&&
(n.lineWrapping||d.widgetLineBreaks)&&(m=fh(n,i,1,m)),g&&(n.lineWrapping||p.widgetLineBreaks)&&(g=fh(n,s,-1,g)),m&&g&&m.from==g.from&&m.to==g.to)return M(x(t.from,
t.to,m));{let w=m?x(t.from,null,m):T(d,!1),v=g?x(null,t.to,g):T(p,!0),O=[];return(m||d).to<(g||p).from-(m&&g?1:0)||d.widgetLineBreaks>1&&w.bottom+n.defaultLineHeight/
2<v.top?O.push(b(f,w.bottom,u,v.top)):w.bottom<v.top&&n.elementAtHeight((w.bottom+v.top)/2).type==re.Text&&(w.bottom=v.top=(w.bottom+v.top)/2),M(w).concat(O).concat(
M(v))}function b(w,v,O,E){return new Nt(e,w-a.left,v-a.top,Math.max(0,O-w),E-v)}function M({top:w,bottom:v,horizontal:O}){let E=[];for(let N=0;N<O.length;N+=2)E.
push(b(O[N],w,O[N+1],v));return E}function x(w,v,O){let E=1e9,N=-1e9,X=[];function I(V,G,oe,ve,Ge){let se=n.coordsAtPos(V,V==O.to?-2:2),De=n.coordsAtPos(oe,oe==
O.from?2:-2);!se||!De||(E=Math.min(se.top,De.top,E),N=Math.max(se.bottom,De.bottom,N),Ge==q.LTR?X.push(r&&G?f:se.left,r&&ve?u:De.right):X.push(!r&&ve?f:De.left,
!r&&G?u:se.right))}let R=w??O.from,Q=v??O.to;for(let V of n.visibleRanges)if(V.to>R&&V.from<Q)for(let G=Math.max(V.from,R),oe=Math.min(V.to,Q);;){let ve=n.state.
doc.lineAt(G);for(let Ge of n.bidiSpans(ve)){let se=Ge.from+ve.from,De=Ge.to+ve.from;if(se>=oe)break;De>G&&I(Math.max(se,G),w==null&&se<=R,Math.min(De,oe),v==null&&
De>=Q,Ge.dir)}if(G=ve.to+1,G>=oe)break}return X.length==0&&I(R,w==null,Q,v==null,n.textDirection),{top:E,bottom:N,horizontal:X}}function T(w,v){let O=l.top+(v?w.
top:w.bottom);return{top:O,bottom:O,horizontal:[]}}}function nm(n,e){return n.constructor==e.constructor&&n.eq(e)}var Co=class{constructor(e,t){this.view=e,this.
layer=t,this.drawn=[],this.scaleX=1,this.scaleY=1,this.measureReq={read:this.measure.bind(this),write:this.draw.bind(this)},this.dom=e.scrollDOM.appendChild(document.
createElement("div")),this.dom.classList.add("cm-layer"),t.above&&this.dom.classList.add("cm-layer-above"),t.class&&this.dom.classList.add(t.class),this.scale(),
this.dom.setAttribute("aria-hidden","true"),this.setOrder(e.state),e.requestMeasure(this.measureReq),t.mount&&t.mount(this.dom,e)}update(e){e.startState.facet(Kn)!=
e.state.facet(Kn)&&this.setOrder(e.state),(this.layer.update(e,this.dom)||e.geometryChanged)&&(this.scale(),e.view.requestMeasure(this.measureReq))}docViewUpdate(e){
this.layer.updateOnDocViewUpdate!==!1&&e.requestMeasure(this.measureReq)}setOrder(e){let t=0,i=e.facet(Kn);for(;t<i.length&&i[t]!=this.layer;)t++;this.dom.style.
zIndex=String((this.layer.above?150:-1)-t)}measure(){return this.layer.markers(this.view)}scale(){let{scaleX:e,scaleY:t}=this.view;(e!=this.scaleX||t!=this.scaleY)&&
(this.scaleX=e,this.scaleY=t,this.dom.style.transform=`scale(${1/e}, ${1/t})`)}draw(e){if(e.length!=this.drawn.length||e.some((t,i)=>!nm(t,this.drawn[i]))){let t=this.
dom.firstChild,i=0;for(let s of e)s.update&&t&&s.constructor&&this.drawn[i].constructor&&s.update(t,this.drawn[i])?(t=t.nextSibling,i++):this.dom.insertBefore(s.
draw(),t);for(;t;){let s=t.nextSibling;t.remove(),t=s}this.drawn=e,A.webkit&&(this.dom.style.display=this.dom.firstChild?"":"none")}}destroy(){this.layer.destroy&&
this.layer.destroy(this.dom,this.view),this.dom.remove()}},Kn=C.define();function yc(n){return[Z.define(e=>new Co(e,n)),Kn.of(n)]}var Ao=!A.ios,yi=C.define({combine(n){
return de(n,{cursorBlinkRate:1200,drawRangeCursor:!0,iosSelectionHandles:!0},{cursorBlinkRate:(e,t)=>Math.min(e,t),drawRangeCursor:(e,t)=>e||t})}});function xc(n={}){
return[yi.of(n),sm,rm,lm,qh.of(!0)]}function kc(n){return n.startState.facet(yi)!=n.state.facet(yi)}var sm=yc({above:!0,markers(n){let{state:e}=n,t=e.facet(yi),i=[];for(let s of e.selection.ranges){
let r=s==e.selection.main;if(s.empty||t.drawRangeCursor&&!(r&&A.ios&&t.iosSelectionHandles)){let o=r?"cm-cursor cm-cursor-primary":"cm-cursor cm-cursor-secondar\
y",l=s.empty?s:k.cursor(s.head,s.assoc);for(let a of Nt.forRange(n,o,l))i.push(a)}}return i},update(n,e){n.transactions.some(i=>i.selection)&&(e.style.animationName=
e.style.animationName=="cm-blink"?"cm-blink2":"cm-blink");let t=kc(n);return t&&uh(n.state,e),n.docChanged||n.selectionSet||t},mount(n,e){uh(e.state,n)},class:"\
cm-cursorLayer"});function uh(n,e){e.style.animationDuration=n.facet(yi).cursorBlinkRate+"ms"}var rm=yc({above:!1,markers(n){let e=[],{main:t,ranges:i}=n.state.
selection;for(let s of i)if(!s.empty&&(Ao||s!=t))for(let r of Nt.forRange(n,"cm-selectionBackground",s))e.push(r);if(A.ios&&!t.empty&&n.state.facet(yi).iosSelectionHandles){
for(let s of Nt.forRange(n,"cm-selectionHandle cm-selectionHandle-start",k.cursor(t.from,1)))e.push(s);for(let s of Nt.forRange(n,"cm-selectionHandle cm-selecti\
onHandle-end",k.cursor(t.to,1)))e.push(s)}return e},update(n,e){return n.docChanged||n.selectionSet||n.viewportChanged||kc(n)},class:"cm-selectionLayer"}),om=A.
gecko&&A.gecko_version==153?"#ffffff01":"transparent",lm=pt.highest(P.theme({".cm-line":{...Ao?{"& ::selection, &::selection":{backgroundColor:`${om} !important`}}:
{},caretColor:"transparent !important"},".cm-content":{caretColor:"transparent !important","& :focus":{caretColor:"initial !important",...Ao?{"&::selection, & :\
:selection":{backgroundColor:"Highlight !important"}}:{}}}}));function dh(n,e,t,i,s){e.lastIndex=0;for(let r=n.iterRange(t,i),o=t,l;!r.next().done;o+=r.value.length)if(!r.lineBreak)for(;l=e.exec(r.value);)s(o+l.index,l)}function am(n,e){
let t=n.visibleRanges;if(t.length==1&&t[0].from==n.viewport.from&&t[0].to==n.viewport.to)return t;let i=[];for(let{from:s,to:r}of t)s=Math.max(n.state.doc.lineAt(
s).from,s-e),r=Math.min(n.state.doc.lineAt(r).to,r+e),i.length&&i[i.length-1].to>=s?i[i.length-1].to=r:i.push({from:s,to:r});return i}var Mo=class{constructor(e){
let{regexp:t,decoration:i,decorate:s,boundary:r,maxLength:o=1e3}=e;if(!t.global)throw new RangeError("The regular expression given to MatchDecorator should have\
 its 'g' flag set");if(this.regexp=t,s)this.addMatch=(l,a,h,c)=>s(c,h,h+l[0].length,l,a);else if(typeof i=="function")this.addMatch=(l,a,h,c)=>{let f=i(l,a,h);f&&
c(h,h+l[0].length,f)};else if(i)this.addMatch=(l,a,h,c)=>c(h,h+l[0].length,i);else throw new RangeError("Either 'decorate' or 'decoration' should be provided to\
 MatchDecorator");this.boundary=r,this.maxLength=o}createDeco(e){let t=new ge,i=t.add.bind(t);for(let{from:s,to:r}of am(e,this.maxLength))dh(e.state.doc,this.regexp,
s,r,(o,l)=>this.addMatch(l,e,o,i));return t.finish()}updateDeco(e,t){let i=1e9,s=-1;return e.docChanged&&e.changes.iterChanges((r,o,l,a)=>{a>=e.view.viewport.from&&
l<=e.view.viewport.to&&(i=Math.min(l,i),s=Math.max(a,s))}),e.viewportMoved||s-i>1e3?this.createDeco(e.view):s>-1?this.updateRange(e.view,t.map(e.changes),i,s):t}updateRange(e,t,i,s){
for(let r of e.visibleRanges){let o=Math.max(r.from,i),l=Math.min(r.to,s);if(l>=o){let a=e.state.doc.lineAt(o),h=a.to<l?e.state.doc.lineAt(l):a,c=Math.max(r.from,
a.from),f=Math.min(r.to,h.to);if(this.boundary){for(;o>a.from;o--)if(this.boundary.test(a.text[o-1-a.from])){c=o;break}for(;l<h.to;l++)if(this.boundary.test(h.text[l-
h.from])){f=l;break}}let u=[],d,p=(m,g,b)=>u.push(b.range(m,g));if(a==h)for(this.regexp.lastIndex=c-a.from;(d=this.regexp.exec(a.text))&&d.index<f-a.from;)this.
addMatch(d,e,d.index+a.from,p);else dh(e.state.doc,this.regexp,c,f,(m,g)=>this.addMatch(g,e,m,p));t=t.update({filterFrom:c,filterTo:f,filter:(m,g)=>m<c||g>f,add:u})}}
return t}},Po=/x/.unicode!=null?"gu":"g",hm=new RegExp(`[\0-\b
-\x7F-\x9F\xAD\u061C\u200B\u200E\u200F\u2028\u2029\u202D\u202E\u2066\u2067\u2069\uFEFF\uFFF9-\uFFFC]`,Po),cm={0:"null",7:"bell",8:"backspace",10:"newline",11:"\
vertical tab",13:"carriage return",27:"escape",8203:"zero width space",8204:"zero width non-joiner",8205:"zero width joiner",8206:"left-to-right mark",8207:"rig\
ht-to-left mark",8232:"line separator",8237:"left-to-right override",8238:"right-to-left override",8294:"left-to-right isolate",8295:"right-to-left isolate",8297:"\
pop directional isolate",8233:"paragraph separator",65279:"zero width no-break space",65532:"object replacement"},Lr=null;function fm(){var n;if(Lr==null&&typeof document<
"u"&&document.body){let e=document.body.style;Lr=((n=e.tabSize)!==null&&n!==void 0?n:e.MozTabSize)!=null}return Lr||!1}var Yn=C.define({combine(n){let e=de(n,{render:null,
specialChars:hm,addSpecialChars:null});return(e.replaceTabs=!fm())&&(e.specialChars=new RegExp("	|"+e.specialChars.source,Po)),e.addSpecialChars&&(e.specialChars=
new RegExp(e.specialChars.source+"|"+e.addSpecialChars.source,Po)),e}});function wc(n={}){return[Yn.of(n),um()]}var ph=null;function um(){return ph||(ph=Z.fromClass(
class{constructor(n){this.view=n,this.decorations=D.none,this.decorationCache=Object.create(null),this.decorator=this.makeDecorator(n.state.facet(Yn)),this.decorations=
this.decorator.createDeco(n)}makeDecorator(n){return new Mo({regexp:n.specialChars,decoration:(e,t,i)=>{let{doc:s}=t.state,r=Hi(e[0],0);if(r==9){let o=s.lineAt(
i),l=t.state.tabSize,a=mt(o.text,l,i-o.from);return D.replace({widget:new Do((l-a%l)*this.view.defaultCharacterWidth/this.view.scaleX)})}return this.decorationCache[r]||
(this.decorationCache[r]=D.replace({widget:new To(n,r)}))},boundary:n.replaceTabs?void 0:/[^]/})}update(n){let e=n.state.facet(Yn);n.startState.facet(Yn)!=e?(this.
decorator=this.makeDecorator(e),this.decorations=this.decorator.createDeco(n.view)):this.decorations=this.decorator.updateDeco(n,this.decorations)}},{decorations:n=>n.
decorations}))}var dm="\u2022";function pm(n){return n>=32?dm:n==10?"\u2424":String.fromCharCode(9216+n)}var To=class extends Ce{constructor(e,t){super(),this.options=
e,this.code=t}eq(e){return e.code==this.code}toDOM(e){let t=pm(this.code),i=e.state.phrase("Control character")+" "+(cm[this.code]||"0x"+this.code.toString(16)),
s=this.options.render&&this.options.render(this.code,i,t);if(s)return s;let r=document.createElement("span");return r.textContent=t,r.title=i,r.setAttribute("ar\
ia-label",i),r.className="cm-specialChar",r}ignoreEvent(){return!1}},Do=class extends Ce{constructor(e){super(),this.width=e}eq(e){return e.width==this.width}toDOM(){
let e=document.createElement("span");return e.textContent="	",e.className="cm-tab",e.style.width=this.width+"px",e}ignoreEvent(){return!1}};function vc(){return gm}var mm=D.line({class:"cm-activeLine"}),gm=Z.fromClass(class{constructor(n){this.decorations=this.getDeco(n)}update(n){(n.docChanged||n.selectionSet)&&
(this.decorations=this.getDeco(n.view))}getDeco(n){let e=-1,t=[];for(let i of n.state.selection.ranges){let s=n.lineBlockAt(i.head);s.from>e&&(t.push(mm.range(s.
from)),e=s.from)}return D.set(t)}},{decorations:n=>n.decorations});var Xn="-10000px",cs=class{constructor(e,t,i,s){this.facet=t,this.createTooltipView=i,this.removeTooltipView=s,this.input=e.state.facet(t),this.tooltips=this.input.
filter(o=>o);let r=null;this.tooltipViews=this.tooltips.map(o=>r=i(o,r))}update(e,t){var i;let s=e.state.facet(this.facet),r=s.filter(a=>a);if(s===this.input){for(let a of this.
tooltipViews)a.update&&a.update(e);return!1}let o=[],l=t?[]:null;for(let a=0;a<r.length;a++){let h=r[a],c=-1;if(h){for(let f=0;f<this.tooltips.length;f++){let u=this.
tooltips[f];u&&u.create==h.create&&(c=f)}if(c<0)o[a]=this.createTooltipView(h,a?o[a-1]:null),l&&(l[a]=!!h.above);else{let f=o[a]=this.tooltipViews[c];l&&(l[a]=t[c]),
f.update&&f.update(e)}}}for(let a of this.tooltipViews)o.indexOf(a)<0&&(this.removeTooltipView(a),(i=a.destroy)===null||i===void 0||i.call(a));return t&&(l.forEach(
(a,h)=>t[h]=a),t.length=l.length),this.input=s,this.tooltips=r,this.tooltipViews=o,!0}};function Sc(n){let e=n.dom.ownerDocument.documentElement,t=e.clientWidth,i=getComputedStyle(e);if(!/stable/.test(i.scrollbarGutter||""))return{left:0,right:t};let s=e.
getBoundingClientRect(),r=n.win.scrollX;return{left:Math.max(0,s.left+r-parseFloat(i.marginLeft)),right:Math.min(t,s.right+r+parseFloat(i.marginRight))}}function bm(n){
let{left:e,right:t}=Sc(n);return{top:0,left:e,right:t,bottom:n.dom.ownerDocument.documentElement.clientHeight}}var Ir=C.define({combine:n=>{var e,t,i;return{position:A.
ios?"absolute":((e=n.find(s=>s.position))===null||e===void 0?void 0:e.position)||"fixed",parent:((t=n.find(s=>s.parent))===null||t===void 0?void 0:t.parent)||null,
tooltipSpace:((i=n.find(s=>s.tooltipSpace))===null||i===void 0?void 0:i.tooltipSpace)||bm}}}),mh=new WeakMap,Oc=Z.fromClass(class{constructor(n){this.view=n,this.
above=[],this.inView=!0,this.madeAbsolute=!1,this.lastTransaction=0,this.measureTimeout=-1;let e=n.state.facet(Ir);this.position=e.position,this.parent=e.parent,
this.classes=n.themeClasses,this.createContainer(),this.measureReq={read:this.readMeasure.bind(this),write:this.writeMeasure.bind(this),key:this},this.resizeObserver=
typeof ResizeObserver=="function"?new ResizeObserver(()=>this.measureSoon()):null,this.manager=new cs(n,ys,(t,i)=>this.createTooltip(t,i),t=>{this.resizeObserver&&
this.resizeObserver.unobserve(t.dom),t.dom.remove()}),this.above=this.manager.tooltips.map(t=>!!t.above),this.intersectionObserver=typeof IntersectionObserver==
"function"?new IntersectionObserver(t=>{Date.now()>this.lastTransaction-50&&t.length>0&&t[t.length-1].intersectionRatio<1&&this.measureSoon()},{threshold:[1]}):
null,this.observeIntersection(),n.win.addEventListener("resize",this.measureSoon=this.measureSoon.bind(this)),this.maybeMeasure()}createContainer(){this.parent?
(this.container=document.createElement("div"),this.container.style.position="relative",this.container.className=this.view.themeClasses,this.parent.appendChild(this.
container)):this.container=this.view.dom}observeIntersection(){if(this.intersectionObserver){this.intersectionObserver.disconnect();for(let n of this.manager.tooltipViews)
this.intersectionObserver.observe(n.dom)}}measureSoon(){this.measureTimeout<0&&(this.measureTimeout=setTimeout(()=>{this.measureTimeout=-1,this.maybeMeasure()},
50))}update(n){n.transactions.length&&(this.lastTransaction=Date.now());let e=this.manager.update(n,this.above);e&&this.observeIntersection();let t=e||n.geometryChanged,
i=n.state.facet(Ir);if(i.position!=this.position&&!this.madeAbsolute){this.position=i.position;for(let s of this.manager.tooltipViews)s.dom.style.position=this.
position;t=!0}if(i.parent!=this.parent){this.parent&&this.container.remove(),this.parent=i.parent,this.createContainer();for(let s of this.manager.tooltipViews)
this.container.appendChild(s.dom);t=!0}else this.parent&&this.view.themeClasses!=this.classes&&(this.classes=this.container.className=this.view.themeClasses);t&&
this.maybeMeasure()}createTooltip(n,e){let t=n.create(this.view),i=e?e.dom:null;if(t.dom.classList.add("cm-tooltip"),n.arrow&&!t.dom.querySelector(".cm-tooltip \
> .cm-tooltip-arrow")){let s=document.createElement("div");s.className="cm-tooltip-arrow",t.dom.appendChild(s)}return t.dom.style.position=this.position,t.dom.style.
top=Xn,t.dom.style.left="0px",this.container.insertBefore(t.dom,i),t.mount&&t.mount(this.view),this.resizeObserver&&this.resizeObserver.observe(t.dom),t}destroy(){
var n,e,t;this.view.win.removeEventListener("resize",this.measureSoon);for(let i of this.manager.tooltipViews)i.dom.remove(),(n=i.destroy)===null||n===void 0||n.
call(i);this.parent&&this.container.remove(),(e=this.resizeObserver)===null||e===void 0||e.disconnect(),(t=this.intersectionObserver)===null||t===void 0||t.disconnect(),
clearTimeout(this.measureTimeout)}readMeasure(){let n=1,e=1,t=!1,i=0;if(this.position=="fixed"&&this.manager.tooltipViews.length){let{dom:o}=this.manager.tooltipViews[0];
if(A.safari){let l=o.getBoundingClientRect();t=Math.abs(l.top+1e4)>1||Math.abs(l.left)>1}else t=!!o.offsetParent&&o.offsetParent!=this.container.ownerDocument.body}
if(t||this.position=="absolute")if(this.parent){let o=this.parent.getBoundingClientRect();o.width&&o.height&&(n=o.width/this.parent.offsetWidth,e=o.height/this.
parent.offsetHeight)}else({scaleX:n,scaleY:e}=this.view.viewState);else i=Sc(this.view).left;let s=this.view.scrollDOM.getBoundingClientRect(),r=Qo(this.view);return{
visible:{left:s.left+r.left,top:s.top+r.top,right:s.right-r.right,bottom:s.bottom-r.bottom},parent:this.parent?this.container.getBoundingClientRect():this.view.
dom.getBoundingClientRect(),pos:this.manager.tooltips.map((o,l)=>{let a=this.manager.tooltipViews[l];return a.getCoords?a.getCoords(o.pos):this.view.coordsAtPos(
o.pos)}),size:this.manager.tooltipViews.map(({dom:o})=>o.getBoundingClientRect()),space:this.view.state.facet(Ir).tooltipSpace(this.view),scaleX:n,scaleY:e,makeAbsolute:t,
fixedLeft:i}}writeMeasure(n){var e;if(n.makeAbsolute){this.madeAbsolute=!0,this.position="absolute";for(let l of this.manager.tooltipViews)l.dom.style.position=
"absolute"}let{visible:t,space:i,scaleX:s,scaleY:r}=n,o=[];for(let l=0;l<this.manager.tooltips.length;l++){let a=this.manager.tooltips[l],h=this.manager.tooltipViews[l],
{dom:c}=h,f=n.pos[l],u=n.size[l];if(!f||a.clip!==!1&&(f.bottom<=Math.max(t.top,i.top)||f.top>=Math.min(t.bottom,i.bottom)||f.right<Math.max(t.left,i.left)-.1||f.
left>Math.min(t.right,i.right)+.1)){c.style.top=Xn;continue}let d=a.arrow?h.dom.querySelector(".cm-tooltip-arrow"):null,p=d?7:0,m=u.right-u.left,g=(e=mh.get(h))!==
null&&e!==void 0?e:u.bottom-u.top,b=h.offset||xm,M=this.view.textDirection==q.LTR,x=u.width>i.right-i.left?M?i.left:i.right-u.width:M?Math.max(i.left,Math.min(f.
left-(d?14:0)+b.x,i.right-m)):Math.min(Math.max(i.left,f.left-m+(d?14:0)-b.x),i.right-m),T=this.above[l];!a.strictSide&&(T?f.top-g-p-b.y<i.top:f.bottom+g+p+b.y>
i.bottom)&&T==i.bottom-f.bottom>f.top-i.top&&(T=this.above[l]=!T);let w=(T?f.top-i.top:i.bottom-f.bottom)-p;if(w<g&&h.resize!==!1){if(w<this.view.defaultLineHeight){
c.style.top=Xn;continue}mh.set(h,g),c.style.height=(g=w)/r+"px"}else c.style.height&&(c.style.height="");let v=T?f.top-g-p-b.y:f.bottom+p+b.y,O=x+m;if(h.overlap!==
!0)for(let E of o)E.left<O&&E.right>x&&E.top<v+g&&E.bottom>v&&(v=T?E.top-g-2-p:E.bottom+p+2);if(this.position=="absolute"?(c.style.top=(v-n.parent.top)/r+"px",gh(
c,(x-n.parent.left)/s)):(c.style.top=v/r+"px",gh(c,(x-n.fixedLeft)/s)),d){let E=f.left+(M?b.x:-b.x)-(x+14-7);d.style.left=E/s+"px"}h.overlap!==!0&&o.push({left:x,
top:v,right:O,bottom:v+g}),c.classList.toggle("cm-tooltip-above",T),c.classList.toggle("cm-tooltip-below",!T),h.positioned&&h.positioned(n.space)}}maybeMeasure(){
if(this.manager.tooltips.length&&(this.view.inView&&this.view.requestMeasure(this.measureReq),this.inView!=this.view.inView&&(this.inView=this.view.inView,!this.
inView)))for(let n of this.manager.tooltipViews)n.dom.style.top=Xn}},{eventObservers:{scroll(){this.maybeMeasure()}}});function gh(n,e){let t=parseInt(n.style.left,
10);(isNaN(t)||Math.abs(e-t)>1)&&(n.style.left=e+"px")}var ym=P.baseTheme({".cm-tooltip":{zIndex:500,boxSizing:"border-box"},"&light .cm-tooltip":{border:"1px s\
olid #bbb",backgroundColor:"#f5f5f5"},"&light .cm-tooltip-section:not(:first-child)":{borderTop:"1px solid #bbb"},"&dark .cm-tooltip":{backgroundColor:"#333338",
color:"white"},".cm-tooltip-arrow":{height:"7px",width:"14px",position:"absolute",zIndex:-1,overflow:"hidden","&:before, &:after":{content:"''",position:"absolu\
te",width:0,height:0,borderLeft:"7px solid transparent",borderRight:"7px solid transparent"},".cm-tooltip-above &":{bottom:"-7px","&:before":{borderTop:"7px sol\
id #bbb"},"&:after":{borderTop:"7px solid #f5f5f5",bottom:"1px"}},".cm-tooltip-below &":{top:"-7px","&:before":{borderBottom:"7px solid #bbb"},"&:after":{borderBottom:"\
7px solid #f5f5f5",top:"1px"}}},"&dark .cm-tooltip .cm-tooltip-arrow":{"&:before":{borderTopColor:"#333338",borderBottomColor:"#333338"},"&:after":{borderTopColor:"\
transparent",borderBottomColor:"transparent"}}}),xm={x:0,y:0},ys=C.define({enables:[Oc,ym]}),fs=C.define({combine:n=>n.reduce((e,t)=>e.concat(t),[])}),us=class n{static create(e){
return new n(e)}constructor(e){this.view=e,this.mounted=!1,this.dom=document.createElement("div"),this.dom.classList.add("cm-tooltip-hover"),this.manager=new cs(
e,fs,(t,i)=>this.createHostedView(t,i),t=>t.dom.remove())}createHostedView(e,t){let i=e.create(this.view);return i.dom.classList.add("cm-tooltip-section"),this.
dom.insertBefore(i.dom,t?t.dom.nextSibling:this.dom.firstChild),this.mounted&&i.mount&&i.mount(this.view),i}mount(e){for(let t of this.manager.tooltipViews)t.mount&&
t.mount(e);this.mounted=!0}positioned(e){for(let t of this.manager.tooltipViews)t.positioned&&t.positioned(e)}update(e){this.manager.update(e)}destroy(){var e;for(let t of this.
manager.tooltipViews)(e=t.destroy)===null||e===void 0||e.call(t)}passProp(e){let t;for(let i of this.manager.tooltipViews){let s=i[e];if(s!==void 0){if(t===void 0)
t=s;else if(t!==s)return}}return t}get offset(){return this.passProp("offset")}get getCoords(){return this.passProp("getCoords")}get overlap(){return this.passProp(
"overlap")}get resize(){return this.passProp("resize")}},km=ys.compute([fs],n=>{let e=n.facet(fs);return e.length===0?null:{pos:Math.min(...e.map(t=>t.pos)),end:Math.
max(...e.map(t=>{var i;return(i=t.end)!==null&&i!==void 0?i:t.pos})),create:us.create,above:e[0].above,arrow:e.some(t=>t.arrow)}}),Cc=C.define(),Ro=class{constructor(e,t,i,s,r,o){
this.view=e,this.source=t,this.field=i,this.locked=s,this.setHover=r,this.hoverTime=o,this.hoverTimeout=-1,this.restartTimeout=-1,this.pending=null,this.lastMove=
{x:0,y:0,target:e.dom,time:0},this.checkHover=this.checkHover.bind(this),e.dom.addEventListener("mouseleave",this.mouseleave=this.mouseleave.bind(this)),e.dom.addEventListener(
"mousemove",this.mousemove=this.mousemove.bind(this))}update(e){this.pending&&(this.pending=null,clearTimeout(this.restartTimeout),this.restartTimeout=setTimeout(
()=>this.startHover(),20))}get active(){return this.view.state.field(this.field)}checkHover(){if(this.hoverTimeout=-1,this.active.length)return;let e=Date.now()-
this.lastMove.time;e<this.hoverTime?this.hoverTimeout=setTimeout(this.checkHover,this.hoverTime-e):this.startHover()}startHover(){clearTimeout(this.restartTimeout);
let{view:e,lastMove:t}=this,i=e.docView.tile.nearest(t.target);if(!i)return;let s,r=1;if(i.isWidget())s=i.posAtStart;else{if(s=e.posAtCoords(t),s==null)return;let o=e.
coordsAtPos(s);if(!o||t.y<o.top||t.y>o.bottom||t.x<o.left-e.defaultCharacterWidth||t.x>o.right+e.defaultCharacterWidth)return;let l=e.bidiSpans(e.state.doc.lineAt(
s)).find(h=>h.from<=s&&h.to>=s),a=l&&l.dir==q.RTL?-1:1;r=t.x<o.left?-a:a}this.activateHover(e,s,r)}activateHover(e,t,i,s){let r=this.source(e,t,i),o=l=>{if(l&&!(Array.
isArray(l)&&!l.length)){let a=Array.isArray(l)?l:[l];s&&this.locked.set(a,s),e.dispatch({effects:this.setHover.of(a)})}};if(r&&"then"in r){let l=this.pending={pos:t};
r.then(a=>{this.pending==l&&(this.pending=null,o(a))},a=>ye(e.state,a,"hover tooltip"))}else o(r)}get tooltip(){let e=this.view.plugin(Oc),t=e?e.manager.tooltips.
findIndex(i=>i.create==us.create):-1;return t>-1?e.manager.tooltipViews[t]:null}mousemove(e){var t,i;this.lastMove={x:e.clientX,y:e.clientY,target:e.target,time:Date.
now()},this.hoverTimeout<0&&(this.hoverTimeout=setTimeout(this.checkHover,this.hoverTime));let{active:s,tooltip:r}=this;if(s.length&&!this.locked.has(s)&&r&&!wm(
r.dom,e)||this.pending){let{pos:o}=s[0]||this.pending,l=(i=(t=s[0])===null||t===void 0?void 0:t.end)!==null&&i!==void 0?i:o;(o==l?this.view.posAtCoords(this.lastMove)!=
o:!vm(this.view,o,l,e.clientX,e.clientY))&&(this.view.dispatch({effects:this.setHover.of([])}),this.pending=null)}}mouseleave(e){clearTimeout(this.hoverTimeout),
this.hoverTimeout=-1;let{active:t}=this;if(t.length&&!this.locked.has(t)){let{tooltip:i}=this;i&&i.dom.contains(e.relatedTarget)?this.watchTooltipLeave(i.dom):this.
view.dispatch({effects:this.setHover.of([])})}}watchTooltipLeave(e){let t=i=>{e.removeEventListener("mouseleave",t);let{active:s}=this;s.length&&!this.locked.has(
s)&&!this.view.dom.contains(i.relatedTarget)&&this.view.dispatch({effects:this.setHover.of([])})};e.addEventListener("mouseleave",t)}destroy(){clearTimeout(this.
hoverTimeout),clearTimeout(this.restartTimeout),this.view.dom.removeEventListener("mouseleave",this.mouseleave),this.view.dom.removeEventListener("mousemove",this.
mousemove)}},$n=4;function wm(n,e){let{left:t,right:i,top:s,bottom:r}=n.getBoundingClientRect(),o;if(o=n.querySelector(".cm-tooltip-arrow")){let l=o.getBoundingClientRect();
s=Math.min(l.top,s),r=Math.max(l.bottom,r)}return e.clientX>=t-$n&&e.clientX<=i+$n&&e.clientY>=s-$n&&e.clientY<=r+$n}function vm(n,e,t,i,s,r){let o=n.scrollDOM.
getBoundingClientRect(),l=n.documentTop+n.documentPadding.top+n.contentHeight;if(o.left>i||o.right<i||o.top>s||Math.min(o.bottom,l)<s)return!1;let a=n.posAtCoords(
{x:i,y:s},!1);return a>=e&&a<=t}function Ac(n,e={}){let t=L.define(),i=new WeakMap,s=ee.define({create(){return[]},update(o,l){let a=i.get(o);if(o.length&&(e.hideOnChange&&
(l.docChanged||l.selection)?o=[]:a&&a(l)?o=[]:e.hideOn&&(o=o.filter(h=>!e.hideOn(l,h)))),l.docChanged&&o.length){let h=[];for(let c of o){let f=l.changes.mapPos(
c.pos,-1,fe.TrackDel);if(f!=null){let u=Object.assign(Object.create(null),c);u.pos=f,u.end!=null&&(u.end=l.changes.mapPos(u.end)),h.push(u)}}o=h}for(let h of l.
effects)h.is(t)&&(o=h.value,a=void 0),(h.is(Sm)&&!h.value||h.value==s)&&(o=[]);return o.length&&a&&i.set(o,a),o},provide:o=>fs.from(o)}),r=Z.define(o=>new Ro(o,
n,s,i,t,e.hoverTime||300));return{active:s,extension:[s,r,Cc.of(r),km]}}function Mc(n,e,t,i={}){var s;let r=n.state.facet(Cc).map(o=>n.plugin(o)).filter(o=>!!o);
if(i.tooltip&&i.tooltip.active){let o=r.find(l=>l.field==i.tooltip.active);o&&(r=[o])}for(let o of r)o.activateHover(n,e,t,(s=i.until)!==null&&s!==void 0?s:(()=>!1))}var Sm=L.define();var bh=C.define({combine(n){let e,t;for(let i of n)e=e||i.topContainer,t=t||i.bottomContainer;return{topContainer:e,bottomContainer:t}}});function xi(n,e){let t=n.plugin(Pc),i=t?t.specs.indexOf(e):-1;return i>-1?t.panels[i]:null}var Pc=Z.fromClass(class{constructor(n){this.input=n.state.facet(Ht),
this.specs=this.input.filter(t=>t),this.panels=this.specs.map(t=>t(n));let e=n.state.facet(bh);this.top=new li(n,!0,e.topContainer),this.bottom=new li(n,!1,e.bottomContainer),
this.top.sync(this.panels.filter(t=>t.top)),this.bottom.sync(this.panels.filter(t=>!t.top));for(let t of this.panels)t.dom.classList.add("cm-panel"),t.mount&&t.
mount()}update(n){let e=n.state.facet(bh);this.top.container!=e.topContainer&&(this.top.sync([]),this.top=new li(n.view,!0,e.topContainer)),this.bottom.container!=
e.bottomContainer&&(this.bottom.sync([]),this.bottom=new li(n.view,!1,e.bottomContainer)),this.top.syncClasses(),this.bottom.syncClasses();let t=n.state.facet(Ht);
if(t!=this.input){let i=t.filter(a=>a),s=[],r=[],o=[],l=[];for(let a of i){let h=this.specs.indexOf(a),c;h<0?(c=a(n.view),l.push(c)):(c=this.panels[h],c.update&&
c.update(n)),s.push(c),(c.top?r:o).push(c)}this.specs=i,this.panels=s,this.top.sync(r),this.bottom.sync(o);for(let a of l)a.dom.classList.add("cm-panel"),a.mount&&
a.mount()}else for(let i of this.panels)i.update&&i.update(n)}destroy(){this.top.sync([]),this.bottom.sync([])}},{provide:n=>P.scrollMargins.of(e=>{let t=e.plugin(
n);return t&&{top:t.top.scrollMargin(),bottom:t.bottom.scrollMargin()}})}),li=class{constructor(e,t,i){this.view=e,this.top=t,this.container=i,this.dom=void 0,this.
classes="",this.panels=[],this.syncClasses()}sync(e){for(let t of this.panels)t.destroy&&e.indexOf(t)<0&&t.destroy();this.panels=e,this.syncDOM()}syncDOM(){if(this.
panels.length==0){this.dom&&(this.dom.remove(),this.dom=void 0);return}if(!this.dom){this.dom=document.createElement("div"),this.dom.className=this.top?"cm-pane\
ls cm-panels-top":"cm-panels cm-panels-bottom";let t=this.container||this.view.dom;t.insertBefore(this.dom,this.top?t.firstChild:null)}let e=this.dom.firstChild;
for(let t of this.panels)if(t.dom.parentNode==this.dom){for(;e!=t.dom;)e=yh(e);e=e.nextSibling}else this.dom.insertBefore(t.dom,e);for(;e;)e=yh(e)}scrollMargin(){
return!this.dom||this.container?0:Math.max(0,this.top?this.dom.getBoundingClientRect().bottom-Math.max(0,this.view.scrollDOM.getBoundingClientRect().top):Math.min(
innerHeight,this.view.scrollDOM.getBoundingClientRect().bottom)-this.dom.getBoundingClientRect().top)}syncClasses(){if(!(!this.container||this.classes==this.view.
themeClasses)){for(let e of this.classes.split(" "))e&&this.container.classList.remove(e);for(let e of(this.classes=this.view.themeClasses).split(" "))e&&this.container.
classList.add(e)}}};function yh(n){let e=n.nextSibling;return n.remove(),e}var Ht=C.define({enables:Pc});function Tc(n,e){let t,i=new Promise(o=>t=o),s=o=>Om(o,
e,t);n.state.field(jn,!1)?n.dispatch({effects:Rc.of(s)}):n.dispatch({effects:L.appendConfig.of(jn.init(()=>[s]))});let r=Bc.of(s);return{close:r,result:i.then(o=>((n.
win.queueMicrotask||(a=>n.win.setTimeout(a,10)))(()=>{n.state.field(jn).indexOf(s)>-1&&n.dispatch({effects:r})}),o))}}function Dc(n,e){let t=n.state.field(jn,!1)||
[];for(let i of t){let s=xi(n,i);if(s&&s.dom.classList.contains(e))return s}return null}var jn=ee.define({create(){return[]},update(n,e){for(let t of e.effects)
t.is(Rc)?n=[t.value].concat(n):t.is(Bc)&&(n=n.filter(i=>i!=t.value));return n},provide:n=>Ht.computeN([n],e=>e.field(n))}),Rc=L.define(),Bc=L.define();function Om(n,e,t){
let i=e.content?e.content(n,()=>l(null)):null;if(!i){if(i=H("form"),e.input){let a=H("input",e.input);/^(text|password|number|email|tel|url)$/.test(a.type)&&a.classList.
add("cm-textfield"),a.name||(a.name="input"),i.appendChild(H("label",(e.label||"")+": ",a))}else i.appendChild(document.createTextNode(e.label||""));i.appendChild(
document.createTextNode(" ")),i.appendChild(H("button",{class:"cm-button",type:"submit"},e.submitLabel||"OK"))}let s=i.nodeName=="FORM"?[i]:i.querySelectorAll("\
form");for(let a=0;a<s.length;a++){let h=s[a];h.addEventListener("keydown",c=>{c.keyCode==27?(c.preventDefault(),l(null)):c.keyCode==13&&(c.preventDefault(),l(h))}),
h.addEventListener("submit",c=>{c.preventDefault(),l(h)})}let r=H("div",i,H("button",{onclick:()=>l(null),"aria-label":n.state.phrase("close"),class:"cm-dialog-\
close",type:"button"},["\xD7"]));e.class&&(r.className=e.class),r.classList.add("cm-dialog");let o=typeof e.focus=="string"?i.querySelector(e.focus):e.focus?i.querySelector(
"input")||i.querySelector("button"):null;function l(a){r.contains(r.ownerDocument.activeElement)&&n.focus(),t(a)}return{dom:r,top:e.top,mount:()=>{o&&("select"in
o?o.select():"focus"in o&&o.focus())},destroy:()=>t(null)}}var xe=class extends Ye{compare(e){return this==e||this.constructor==e.constructor&&this.eq(e)}eq(e){
return!1}destroy(e){}};xe.prototype.elementClass="";xe.prototype.toDOM=void 0;xe.prototype.mapMode=fe.TrackBefore;xe.prototype.startSide=xe.prototype.endSide=-1;
xe.prototype.point=!0;var _n=C.define(),Cm=C.define(),Am={class:"",renderEmptyElements:!1,elementStyle:"",markers:()=>F.empty,lineMarker:()=>null,widgetMarker:()=>null,
lineMarkerChange:null,initialSpacer:null,updateSpacer:null,domEventHandlers:{},side:"before"},Yi=C.define();function xs(n){return[Ec(),Yi.of({...Am,...n})]}var Bo=C.
define({combine:n=>n.some(e=>e)});function Ec(n){let e=[Mm];return n&&n.fixed===!1&&e.push(Bo.of(!0)),e}var Mm=Z.fromClass(class{constructor(n){this.view=n,this.
domAfter=null,this.prevViewport=n.viewport,this.dom=document.createElement("div"),this.dom.className="cm-gutters cm-gutters-before",this.dom.setAttribute("aria-\
hidden","true"),this.dom.style.minHeight=this.view.contentHeight/this.view.scaleY+"px",this.gutters=n.state.facet(Yi).map(e=>new ds(n,e)),this.fixed=!n.state.facet(
Bo);for(let e of this.gutters)e.config.side=="after"?this.getDOMAfter().appendChild(e.dom):this.dom.appendChild(e.dom);this.fixed&&(this.dom.style.position="sti\
cky"),this.syncGutters(!1),n.scrollDOM.insertBefore(this.dom,n.contentDOM)}getDOMAfter(){return this.domAfter||(this.domAfter=document.createElement("div"),this.
domAfter.className="cm-gutters cm-gutters-after",this.domAfter.setAttribute("aria-hidden","true"),this.domAfter.style.minHeight=this.view.contentHeight/this.view.
scaleY+"px",this.domAfter.style.position=this.fixed?"sticky":"",this.view.scrollDOM.appendChild(this.domAfter)),this.domAfter}update(n){if(this.updateGutters(n)){
let e=this.prevViewport,t=n.view.viewport,i=Math.min(e.to,t.to)-Math.max(e.from,t.from);this.syncGutters(i<(t.to-t.from)*.8)}if(n.geometryChanged){let e=this.view.
contentHeight/this.view.scaleY+"px";this.dom.style.minHeight=e,this.domAfter&&(this.domAfter.style.minHeight=e)}this.view.state.facet(Bo)!=!this.fixed&&(this.fixed=
!this.fixed,this.dom.style.position=this.fixed?"sticky":"",this.domAfter&&(this.domAfter.style.position=this.fixed?"sticky":"")),this.prevViewport=n.view.viewport}syncGutters(n){
let e=this.dom.nextSibling;n&&(this.dom.remove(),this.domAfter&&this.domAfter.remove());let t=F.iter(this.view.state.facet(_n),this.view.viewport.from),i=[],s=this.
gutters.map(r=>new Lo(r,this.view.viewport,-this.view.documentPadding.top));for(let r of this.view.viewportLineBlocks)if(i.length&&(i=[]),Array.isArray(r.type)){
let o=!0;for(let l of r.type)if(l.type==re.Text&&o){Eo(t,i,l.from);for(let a of s)a.line(this.view,l,i);o=!1}else if(l.widget)for(let a of s)a.widget(this.view,
l)}else if(r.type==re.Text){Eo(t,i,r.from);for(let o of s)o.line(this.view,r,i)}else if(r.widget)for(let o of s)o.widget(this.view,r);for(let r of s)r.finish();
n&&(this.view.scrollDOM.insertBefore(this.dom,e),this.domAfter&&this.view.scrollDOM.appendChild(this.domAfter))}updateGutters(n){let e=n.startState.facet(Yi),t=n.
state.facet(Yi),i=n.docChanged||n.heightChanged||n.viewportChanged||!F.eq(n.startState.facet(_n),n.state.facet(_n),n.view.viewport.from,n.view.viewport.to);if(e==
t)for(let s of this.gutters)s.update(n)&&(i=!0);else{i=!0;let s=[];for(let r of t){let o=e.indexOf(r);o<0?s.push(new ds(this.view,r)):(this.gutters[o].update(n),
s.push(this.gutters[o]))}for(let r of this.gutters)r.dom.remove(),s.indexOf(r)<0&&r.destroy();for(let r of s)r.config.side=="after"?this.getDOMAfter().appendChild(
r.dom):this.dom.appendChild(r.dom);this.gutters=s}return i}destroy(){for(let n of this.gutters)n.destroy();this.dom.remove(),this.domAfter&&this.domAfter.remove()}},
{provide:n=>P.scrollMargins.of(e=>{let t=e.plugin(n);if(!t||t.gutters.length==0||!t.fixed)return null;let i=t.dom.offsetWidth*e.scaleX,s=t.domAfter?t.domAfter.offsetWidth*
e.scaleX:0;return e.textDirection==q.LTR?{left:i,right:s}:{right:i,left:s}})});function xh(n){return Array.isArray(n)?n:[n]}function Eo(n,e,t){for(;n.value&&n.from<=
t;)n.from==t&&e.push(n.value),n.next()}var Lo=class{constructor(e,t,i){this.gutter=e,this.height=i,this.i=0,this.cursor=F.iter(e.markers,t.from)}addElement(e,t,i){
let{gutter:s}=this,r=(t.top-this.height)/e.scaleY,o=t.height/e.scaleY;if(this.i==s.elements.length){let l=new ps(e,o,r,i);s.elements.push(l),s.dom.appendChild(l.
dom)}else s.elements[this.i].update(e,o,r,i);this.height=t.bottom,this.i++}line(e,t,i){let s=[];Eo(this.cursor,s,t.from),i.length&&(s=s.concat(i));let r=this.gutter.
config.lineMarker(e,t,s);r&&s.unshift(r);let o=this.gutter;s.length==0&&!o.config.renderEmptyElements||this.addElement(e,t,s)}widget(e,t){let i=this.gutter.config.
widgetMarker(e,t.widget,t),s=i?[i]:null;for(let r of e.state.facet(Cm)){let o=r(e,t.widget,t);o&&(s||(s=[])).push(o)}s&&this.addElement(e,t,s)}finish(){let e=this.
gutter;for(;e.elements.length>this.i;){let t=e.elements.pop();e.dom.removeChild(t.dom),t.destroy()}}},ds=class{constructor(e,t){this.view=e,this.config=t,this.elements=
[],this.spacer=null,this.dom=document.createElement("div"),this.dom.className="cm-gutter"+(this.config.class?" "+this.config.class:"");for(let i in t.domEventHandlers)
this.dom.addEventListener(i,s=>{let r=s.target,o;if(r!=this.dom&&this.dom.contains(r)){for(;r.parentNode!=this.dom;)r=r.parentNode;let a=r.getBoundingClientRect();
o=(a.top+a.bottom)/2}else o=s.clientY;let l=e.lineBlockAtHeight(o-e.documentTop);t.domEventHandlers[i](e,l,s)&&s.preventDefault()});this.markers=xh(t.markers(e)),
t.initialSpacer&&(this.spacer=new ps(e,0,0,[t.initialSpacer(e)]),this.dom.appendChild(this.spacer.dom),this.spacer.dom.style.cssText+="visibility: hidden; point\
er-events: none")}update(e){let t=this.markers;if(this.markers=xh(this.config.markers(e.view)),this.spacer&&this.config.updateSpacer){let s=this.config.updateSpacer(
this.spacer.markers[0],e);s!=this.spacer.markers[0]&&this.spacer.update(e.view,0,0,[s])}let i=e.view.viewport;return!F.eq(this.markers,t,i.from,i.to)||(this.config.
lineMarkerChange?this.config.lineMarkerChange(e):!1)}destroy(){for(let e of this.elements)e.destroy()}},ps=class{constructor(e,t,i,s){this.height=-1,this.above=
0,this.markers=[],this.dom=document.createElement("div"),this.dom.className="cm-gutterElement",this.update(e,t,i,s)}update(e,t,i,s){this.height!=t&&(this.height=
t,this.dom.style.height=t+"px"),this.above!=i&&(this.dom.style.marginTop=(this.above=i)?i+"px":""),Pm(this.markers,s)||this.setMarkers(e,s)}setMarkers(e,t){let i="\
cm-gutterElement",s=this.dom.firstChild;for(let r=0,o=0;;){let l=o,a=r<t.length?t[r++]:null,h=!1;if(a){let c=a.elementClass;c&&(i+=" "+c);for(let f=o;f<this.markers.
length;f++)if(this.markers[f].compare(a)){l=f,h=!0;break}}else l=this.markers.length;for(;o<l;){let c=this.markers[o++];if(c.toDOM){c.destroy(s);let f=s.nextSibling;
s.remove(),s=f}}if(!a)break;a.toDOM&&(h?s=s.nextSibling:this.dom.insertBefore(a.toDOM(e),s)),h&&o++}this.dom.className=i,this.markers=t}destroy(){this.setMarkers(
null,[])}};function Pm(n,e){if(n.length!=e.length)return!1;for(let t=0;t<n.length;t++)if(!n[t].compare(e[t]))return!1;return!0}var Tm=C.define(),Dm=C.define(),ai=C.
define({combine(n){return de(n,{formatNumber:String,domEventHandlers:{}},{domEventHandlers(e,t){let i=Object.assign({},e);for(let s in t){let r=i[s],o=t[s];i[s]=
r?(l,a,h)=>r(l,a,h)||o(l,a,h):o}return i}})}}),ji=class extends xe{constructor(e){super(),this.number=e}eq(e){return this.number==e.number}toDOM(){return document.
createTextNode(this.number)}};function Nr(n,e){return n.state.facet(ai).formatNumber(e,n.state)}var Rm=Yi.compute([ai],n=>({class:"cm-lineNumbers",renderEmptyElements:!1,
markers(e){return e.state.facet(Tm)},lineMarker(e,t,i){return i.some(s=>s.toDOM)?null:new ji(Nr(e,e.state.doc.lineAt(t.from).number))},widgetMarker:(e,t,i)=>{for(let s of e.
state.facet(Dm)){let r=s(e,t,i);if(r)return r}return null},lineMarkerChange:e=>e.startState.facet(ai)!=e.state.facet(ai),initialSpacer(e){return new ji(Nr(e,kh(
e.state.doc.lines)))},updateSpacer(e,t){let i=Nr(t.view,kh(t.view.state.doc.lines));return i==e.number?e:new ji(i)},domEventHandlers:n.facet(ai).domEventHandlers,
side:"before"}));function Lc(n={}){return[ai.of(n),Ec(),Rm]}function kh(n){let e=9;for(;e<n;)e=e*10+9;return e}var Bm=new class extends xe{constructor(){super(...arguments),
this.elementClass="cm-activeLineGutter"}},Em=_n.compute(["selection"],n=>{let e=[],t=-1;for(let i of n.selection.ranges){let s=n.doc.lineAt(i.head).from;s>t&&(t=
s,e.push(Bm.range(s)))}return F.of(e)});function Ic(){return Em}var Lm=0,nn=class{constructor(e,t){this.from=e,this.to=t}},B=class{constructor(e={}){this.id=Lm++,this.perNode=!!e.perNode,this.deserialize=e.deserialize||(()=>{
throw new Error("This node type doesn't define a deserialize function")}),this.combine=e.combine||null}add(e){if(this.perNode)throw new RangeError("Can't add pe\
r-node props to node types");return typeof e!="function"&&(e=ae.match(e)),t=>{let i=e(t);return i===void 0?null:[this,i]}}};B.closedBy=new B({deserialize:n=>n.split(
" ")});B.openedBy=new B({deserialize:n=>n.split(" ")});B.group=new B({deserialize:n=>n.split(" ")});B.isolate=new B({deserialize:n=>{if(n&&n!="rtl"&&n!="ltr"&&n!=
"auto")throw new RangeError("Invalid value for isolate: "+n);return n||"auto"}});B.contextHash=new B({perNode:!0});B.lookAhead=new B({perNode:!0});B.mounted=new B(
{perNode:!0});var Vt=class{constructor(e,t,i,s=!1){this.tree=e,this.overlay=t,this.parser=i,this.bracketed=s}static get(e){return e&&e.props&&e.props[B.mounted.
id]}},Im=Object.create(null),ae=class n{constructor(e,t,i,s=0){this.name=e,this.props=t,this.id=i,this.flags=s}static define(e){let t=e.props&&e.props.length?Object.
create(null):Im,i=(e.top?1:0)|(e.skipped?2:0)|(e.error?4:0)|(e.name==null?8:0),s=new n(e.name||"",t,e.id,i);if(e.props){for(let r of e.props)if(Array.isArray(r)||
(r=r(s)),r){if(r[0].perNode)throw new RangeError("Can't store a per-node prop on a node type");t[r[0].id]=r[1]}}return s}prop(e){return this.props[e.id]}get isTop(){
return(this.flags&1)>0}get isSkipped(){return(this.flags&2)>0}get isError(){return(this.flags&4)>0}get isAnonymous(){return(this.flags&8)>0}is(e){if(typeof e=="\
string"){if(this.name==e)return!0;let t=this.prop(B.group);return t?t.indexOf(e)>-1:!1}return this.id==e}static match(e){let t=Object.create(null);for(let i in e)
for(let s of i.split(" "))t[s]=e[i];return i=>{for(let s=i.prop(B.group),r=-1;r<(s?s.length:0);r++){let o=t[r<0?i.name:s[r]];if(o)return o}}}};ae.none=new ae("",
Object.create(null),0,8);var sn=class n{constructor(e){this.types=e;for(let t=0;t<e.length;t++)if(e[t].id!=t)throw new RangeError("Node type ids should correspo\
nd to array positions when creating a node set")}extend(...e){let t=[];for(let i of this.types){let s=null;for(let r of e){let o=r(i);if(o){s||(s=Object.assign(
{},i.props));let l=o[1],a=o[0];a.combine&&a.id in s&&(l=a.combine(s[a.id],l)),s[a.id]=l}}t.push(s?new ae(i.name,s,i.id,i.flags):i)}return new n(t)}},ks=new WeakMap,
Nc=new WeakMap,j;(function(n){n[n.ExcludeBuffers=1]="ExcludeBuffers",n[n.IncludeAnonymous=2]="IncludeAnonymous",n[n.IgnoreMounts=4]="IgnoreMounts",n[n.IgnoreOverlays=
8]="IgnoreOverlays",n[n.EnterBracketed=16]="EnterBracketed"})(j||(j={}));var J=class n{constructor(e,t,i,s,r){if(this.type=e,this.children=t,this.positions=i,this.
length=s,this.props=null,r&&r.length){this.props=Object.create(null);for(let[o,l]of r)this.props[typeof o=="number"?o:o.id]=l}}toString(){let e=Vt.get(this);if(e&&
!e.overlay)return e.tree.toString();let t="";for(let i of this.children){let s=i.toString();s&&(t&&(t+=","),t+=s)}return this.type.name?(/\W/.test(this.type.name)&&
!this.type.isError?JSON.stringify(this.type.name):this.type.name)+(t.length?"("+t+")":""):t}cursor(e=0){return new ln(this.topNode,e)}cursorAt(e,t=0,i=0){let s=ks.
get(this)||this.topNode,r=new ln(s);return r.moveTo(e,t),ks.set(this,r._tree),r}get topNode(){return new Ze(this,0,0,null)}resolve(e,t=0){let i=rn(ks.get(this)||
this.topNode,e,t,!1);return ks.set(this,i),i}resolveInner(e,t=0){let i=rn(Nc.get(this)||this.topNode,e,t,!0);return Nc.set(this,i),i}resolveStack(e,t=0){return Nm(
this,e,t)}iterate(e){let{enter:t,leave:i,from:s=0,to:r=this.length}=e,o=e.mode||0,l=(o&j.IncludeAnonymous)>0;for(let a=this.cursor(o|j.IncludeAnonymous);;){let h=!1;
if(a.from<=r&&a.to>=s&&(!l&&a.type.isAnonymous||t(a)!==!1)){if(a.firstChild())continue;h=!0}for(;h&&i&&(l||!a.type.isAnonymous)&&i(a),!a.nextSibling();){if(!a.parent())
return;h=!0}}}prop(e){return e.perNode?this.props?this.props[e.id]:void 0:this.type.prop(e)}get propValues(){let e=[];if(this.props)for(let t in this.props)e.push(
[+t,this.props[t]]);return e}balance(e={}){return this.children.length<=8?this:_o(ae.none,this.children,this.positions,0,this.children.length,0,this.length,(t,i,s)=>new n(
this.type,t,i,s,this.propValues),e.makeTree||((t,i,s)=>new n(ae.none,t,i,s)))}static build(e){return Wm(e)}};J.empty=new J(ae.none,[],[],0);var $o=class n{constructor(e,t){
this.buffer=e,this.index=t}get id(){return this.buffer[this.index-4]}get start(){return this.buffer[this.index-3]}get end(){return this.buffer[this.index-2]}get size(){
return this.buffer[this.index-1]}get pos(){return this.index}next(){this.index-=4}fork(){return new n(this.buffer,this.index)}},kt=class n{constructor(e,t,i){this.
buffer=e,this.length=t,this.set=i}get type(){return ae.none}toString(){let e=[];for(let t=0;t<this.buffer.length;)e.push(this.childString(t)),t=this.buffer[t+3];
return e.join(",")}childString(e){let t=this.buffer[e],i=this.buffer[e+3],s=this.set.types[t],r=s.name;if(/\W/.test(r)&&!s.isError&&(r=JSON.stringify(r)),e+=4,i==
e)return r;let o=[];for(;e<i;)o.push(this.childString(e)),e=this.buffer[e+3];return r+"("+o.join(",")+")"}findChild(e,t,i,s,r){let{buffer:o}=this,l=-1;for(let a=e;a!=
t&&!(Hc(r,s,o[a+1],o[a+2])&&(l=a,i>0));a=o[a+3]);return l}slice(e,t,i){let s=this.buffer,r=new Uint16Array(t-e),o=0;for(let l=e,a=0;l<t;){r[a++]=s[l++],r[a++]=s[l++]-
i;let h=r[a++]=s[l++]-i;r[a++]=s[l++]-e,o=Math.max(o,h)}return new n(r,o,this.set)}};function Hc(n,e,t,i){switch(n){case-2:return t<e;case-1:return i>=e&&t<e;case 0:
return t<e&&i>e;case 1:return t<=e&&i>e;case 2:return i>e;case 4:return!0}}function rn(n,e,t,i){for(var s;n.from==n.to||(t<1?n.from>=e:n.from>e)||(t>-1?n.to<=e:
n.to<e);){let o=!i&&n instanceof Ze&&n.index<0?null:n.parent;if(!o)return n;n=o}let r=i?0:j.IgnoreOverlays;if(i)for(let o=n,l=o.parent;l;o=l,l=o.parent)o instanceof
Ze&&o.index<0&&((s=l.enter(e,t,r))===null||s===void 0?void 0:s.from)!=o.from&&(n=l);for(;;){let o=n.enter(e,t,r);if(!o)return n;n=o}}var vs=class{cursor(e=0){return new ln(
this,e)}getChild(e,t=null,i=null){let s=Wc(this,e,t,i);return s.length?s[0]:null}getChildren(e,t=null,i=null){return Wc(this,e,t,i)}resolve(e,t=0){return rn(this,
e,t,!1)}resolveInner(e,t=0){return rn(this,e,t,!0)}matchContext(e){return Uo(this.parent,e)}enterUnfinishedNodesBefore(e){let t=this.childBefore(e),i=this;for(;t;){
let s=t.lastChild;if(!s||s.to!=t.to)break;s.type.isError&&s.from==s.to?(i=t,t=s.prevSibling):t=s}return i}get node(){return this}get next(){return this.parent}},
Ze=class n extends vs{constructor(e,t,i,s){super(),this._tree=e,this.from=t,this.index=i,this._parent=s}get type(){return this._tree.type}get name(){return this.
_tree.type.name}get to(){return this.from+this._tree.length}nextChild(e,t,i,s,r=0){for(let o=this;;){for(let{children:l,positions:a}=o._tree,h=t>0?l.length:-1;e!=
h;e+=t){let c=l[e],f=a[e]+o.from,u;if(!(!(r&j.EnterBracketed&&c instanceof J&&(u=Vt.get(c))&&!u.overlay&&u.bracketed&&i>=f&&i<=f+c.length)&&!Hc(s,i,f,f+c.length))){
if(c instanceof kt){if(r&j.ExcludeBuffers)continue;let d=c.findChild(0,c.buffer.length,t,i-f,s);if(d>-1)return new on(new Go(o,c,e,f),null,d)}else if(r&j.IncludeAnonymous||
!c.type.isAnonymous||jo(c)){let d;if(!(r&j.IgnoreMounts)&&(d=Vt.get(c))&&!d.overlay)return new n(d.tree,f,e,o);let p=new n(c,f,e,o);return r&j.IncludeAnonymous||
!p.type.isAnonymous?p:p.nextChild(t<0?c.children.length-1:0,t,i,s,r)}}}if(r&j.IncludeAnonymous||!o.type.isAnonymous||(o.index>=0?e=o.index+t:e=t<0?-1:o._parent.
_tree.children.length,o=o._parent,!o))return null}}get firstChild(){return this.nextChild(0,1,0,4)}get lastChild(){return this.nextChild(this._tree.children.length-
1,-1,0,4)}childAfter(e){return this.nextChild(0,1,e,2)}childBefore(e){return this.nextChild(this._tree.children.length-1,-1,e,-2)}prop(e){return this._tree.prop(
e)}enter(e,t,i=0){let s;if(!(i&j.IgnoreOverlays)&&(s=Vt.get(this._tree))&&s.overlay){let r=e-this.from,o=i&j.EnterBracketed&&s.bracketed;for(let{from:l,to:a}of s.
overlay)if((t>0||o?l<=r:l<r)&&(t<0||o?a>=r:a>r))return new n(s.tree,s.overlay[0].from+this.from,-1,this)}return this.nextChild(0,1,e,t,i)}nextSignificantParent(){
let e=this;for(;e.type.isAnonymous&&e._parent;)e=e._parent;return e}get parent(){return this._parent?this._parent.nextSignificantParent():null}get nextSibling(){
return this._parent&&this.index>=0?this._parent.nextChild(this.index+1,1,0,4):null}get prevSibling(){return this._parent&&this.index>=0?this._parent.nextChild(this.
index-1,-1,0,4):null}get tree(){return this._tree}toTree(){return this._tree}toString(){return this._tree.toString()}};function Wc(n,e,t,i){let s=n.cursor(),r=[];
if(!s.firstChild())return r;if(t!=null){for(let o=!1;!o;)if(o=s.type.is(t),!s.nextSibling())return r}for(;;){if(i!=null&&s.type.is(i))return r;if(s.type.is(e)&&
r.push(s.node),!s.nextSibling())return i==null?r:[]}}function Uo(n,e,t=e.length-1){for(let i=n;t>=0;i=i.parent){if(!i)return!1;if(!i.type.isAnonymous){if(e[t]&&
e[t]!=i.name)return!1;t--}}return!0}var Go=class{constructor(e,t,i,s){this.parent=e,this.buffer=t,this.index=i,this.start=s}},on=class n extends vs{get name(){return this.
type.name}get from(){return this.context.start+this.context.buffer.buffer[this.index+1]}get to(){return this.context.start+this.context.buffer.buffer[this.index+
2]}constructor(e,t,i){super(),this.context=e,this._parent=t,this.index=i,this.type=e.buffer.set.types[e.buffer.buffer[i]]}child(e,t,i){let{buffer:s}=this.context,
r=s.findChild(this.index+4,s.buffer[this.index+3],e,t-this.context.start,i);return r<0?null:new n(this.context,this,r)}get firstChild(){return this.child(1,0,4)}get lastChild(){
return this.child(-1,0,4)}childAfter(e){return this.child(1,e,2)}childBefore(e){return this.child(-1,e,-2)}prop(e){return this.type.prop(e)}enter(e,t,i=0){if(i&
j.ExcludeBuffers)return null;let{buffer:s}=this.context,r=s.findChild(this.index+4,s.buffer[this.index+3],t>0?1:-1,e-this.context.start,t);return r<0?null:new n(
this.context,this,r)}get parent(){return this._parent||this.context.parent.nextSignificantParent()}externalSibling(e){return this._parent?null:this.context.parent.
nextChild(this.context.index+e,e,0,4)}get nextSibling(){let{buffer:e}=this.context,t=e.buffer[this.index+3];return t<(this._parent?e.buffer[this._parent.index+3]:
e.buffer.length)?new n(this.context,this._parent,t):this.externalSibling(1)}get prevSibling(){let{buffer:e}=this.context,t=this._parent?this._parent.index+4:0;return this.
index==t?this.externalSibling(-1):new n(this.context,this._parent,e.findChild(t,this.index,-1,0,4))}get tree(){return null}toTree(){let e=[],t=[],{buffer:i}=this.
context,s=this.index+4,r=i.buffer[this.index+3];if(r>s){let o=i.buffer[this.index+1];e.push(i.slice(s,r,o)),t.push(0)}return new J(this.type,e,t,this.to-this.from)}toString(){
return this.context.buffer.childString(this.index)}};function Vc(n){if(!n.length)return null;let e=0,t=n[0];for(let r=1;r<n.length;r++){let o=n[r];(o.from>t.from||
o.to<t.to)&&(t=o,e=r)}let i=t instanceof Ze&&t.index<0?null:t.parent,s=n.slice();return i?s[e]=i:s.splice(e,1),new Ko(s,t)}var Ko=class{constructor(e,t){this.heads=
e,this.node=t}get next(){return Vc(this.heads)}};function Nm(n,e,t){let i=n.resolveInner(e,t),s=null;for(let r=i instanceof Ze?i:i.context.parent;r;r=r.parent)if(r.
index<0){let o=r.parent;(s||(s=[i])).push(o.resolve(e,t)),r=o}else{let o=Vt.get(r.tree);if(o&&o.overlay&&o.overlay[0].from<=e&&o.overlay[o.overlay.length-1].to>=
e){let l=new Ze(o.tree,o.overlay[0].from+r.from,-1,r);(s||(s=[i])).push(rn(l,e,t,!1))}}return s?Vc(s):i}var ln=class{get name(){return this.type.name}constructor(e,t=0){
if(this.buffer=null,this.stack=[],this.index=0,this.bufferNode=null,this.mode=t&~j.EnterBracketed,e instanceof Ze)this.yieldNode(e);else{this._tree=e.context.parent,
this.buffer=e.context;for(let i=e._parent;i;i=i._parent)this.stack.unshift(i.index);this.bufferNode=e,this.yieldBuf(e.index)}}yieldNode(e){return e?(this._tree=
e,this.type=e.type,this.from=e.from,this.to=e.to,!0):!1}yieldBuf(e,t){this.index=e;let{start:i,buffer:s}=this.buffer;return this.type=t||s.set.types[s.buffer[e]],
this.from=i+s.buffer[e+1],this.to=i+s.buffer[e+2],!0}yield(e){return e?e instanceof Ze?(this.buffer=null,this.yieldNode(e)):(this.buffer=e.context,this.yieldBuf(
e.index,e.type)):!1}toString(){return this.buffer?this.buffer.buffer.childString(this.index):this._tree.toString()}enterChild(e,t,i){if(!this.buffer)return this.
yield(this._tree.nextChild(e<0?this._tree._tree.children.length-1:0,e,t,i,this.mode));let{buffer:s}=this.buffer,r=s.findChild(this.index+4,s.buffer[this.index+3],
e,t-this.buffer.start,i);return r<0?!1:(this.stack.push(this.index),this.yieldBuf(r))}firstChild(){return this.enterChild(1,0,4)}lastChild(){return this.enterChild(
-1,0,4)}childAfter(e){return this.enterChild(1,e,2)}childBefore(e){return this.enterChild(-1,e,-2)}enter(e,t,i=this.mode){return this.buffer?i&j.ExcludeBuffers?
!1:this.enterChild(1,e,t):this.yield(this._tree.enter(e,t,i))}parent(){if(!this.buffer)return this.yieldNode(this.mode&j.IncludeAnonymous?this._tree._parent:this.
_tree.parent);if(this.stack.length)return this.yieldBuf(this.stack.pop());let e=this.mode&j.IncludeAnonymous?this.buffer.parent:this.buffer.parent.nextSignificantParent();
return this.buffer=null,this.yieldNode(e)}sibling(e){if(!this.buffer)return this._tree._parent?this.yield(this._tree.index<0?null:this._tree._parent.nextChild(this.
_tree.index+e,e,0,4,this.mode)):!1;let{buffer:t}=this.buffer,i=this.stack.length-1;if(e<0){let s=i<0?0:this.stack[i]+4;if(this.index!=s)return this.yieldBuf(t.findChild(
s,this.index,-1,0,4))}else{let s=t.buffer[this.index+3];if(s<(i<0?t.buffer.length:t.buffer[this.stack[i]+3]))return this.yieldBuf(s)}return i<0?this.yield(this.
buffer.parent.nextChild(this.buffer.index+e,e,0,4,this.mode)):!1}nextSibling(){return this.sibling(1)}prevSibling(){return this.sibling(-1)}atLastNode(e){let t,
i,{buffer:s}=this;if(s){if(e>0){if(this.index<s.buffer.buffer.length)return!1}else for(let r=0;r<this.index;r++)if(s.buffer.buffer[r+3]<this.index)return!1;({index:t,
parent:i}=s)}else({index:t,_parent:i}=this._tree);for(;i;{index:t,_parent:i}=i)if(t>-1)for(let r=t+e,o=e<0?-1:i._tree.children.length;r!=o;r+=e){let l=i._tree.children[r];
if(this.mode&j.IncludeAnonymous||l instanceof kt||!l.type.isAnonymous||jo(l))return!1}return!0}move(e,t){if(t&&this.enterChild(e,0,4))return!0;for(;;){if(this.sibling(
e))return!0;if(this.atLastNode(e)||!this.parent())return!1}}next(e=!0){return this.move(1,e)}prev(e=!0){return this.move(-1,e)}moveTo(e,t=0){for(;(this.from==this.
to||(t<1?this.from>=e:this.from>e)||(t>-1?this.to<=e:this.to<e))&&this.parent(););for(;this.enterChild(1,e,t););return this}get node(){if(!this.buffer)return this.
_tree;let e=this.bufferNode,t=null,i=0;if(e&&e.context==this.buffer)e:for(let s=this.index,r=this.stack.length;r>=0;){for(let o=e;o;o=o._parent)if(o.index==s){if(s==
this.index)return o;t=o,i=r+1;break e}s=this.stack[--r]}for(let s=i;s<this.stack.length;s++)t=new on(this.buffer,t,this.stack[s]);return this.bufferNode=new on(
this.buffer,t,this.index)}get tree(){return this.buffer?null:this._tree._tree}iterate(e,t){for(let i=0;;){let s=!1;if(this.type.isAnonymous||e(this)!==!1){if(this.
firstChild()){i++;continue}this.type.isAnonymous||(s=!0)}for(;;){if(s&&t&&t(this),s=this.type.isAnonymous,!i)return;if(this.nextSibling())break;this.parent(),i--,
s=!0}}}matchContext(e){if(!this.buffer)return Uo(this.node.parent,e);let{buffer:t}=this.buffer,{types:i}=t.set;for(let s=e.length-1,r=this.stack.length-1;s>=0;r--){
if(r<0)return Uo(this._tree,e,s);let o=i[t.buffer[this.stack[r]]];if(!o.isAnonymous){if(e[s]&&e[s]!=o.name)return!1;s--}}return!0}};function jo(n){return n.children.
some(e=>e instanceof kt||!e.type.isAnonymous||jo(e))}function Wm(n){var e;let{buffer:t,nodeSet:i,maxBufferLength:s=1024,reused:r=[],minRepeatType:o=i.types.length}=n,
l=Array.isArray(t)?new $o(t,t.length):t,a=i.types,h=0,c=0;function f(w,v,O,E,N,X){let{id:I,start:R,end:Q,size:V}=l,G=c,oe=h;if(V<0)if(l.next(),V==-1){let nt=r[I];
O.push(nt),E.push(R-w);return}else if(V==-3){h=I;return}else if(V==-4){c=I;return}else throw new RangeError(`Unrecognized record size: ${V}`);let ve=a[I],Ge,se,
De=R-w;if(Q-R<=s&&(se=g(l.pos-v,N))){let nt=new Uint16Array(se.size-se.skip),ce=l.pos-se.size,Fe=nt.length;for(;l.pos>ce;)Fe=b(se.start,nt,Fe);Ge=new kt(nt,Q-se.
start,i),De=se.start-w}else{let nt=l.pos-V;l.next();let ce=[],Fe=[],Ke=I>=o?I:-1,st=0,_t=Q,Ei=G;for(;l.pos>nt;)Ke>=0&&l.id==Ke&&l.size>=0?(l.end<=_t-s&&(p(ce,Fe,
R,st,l.end,_t,Ke,Ei,oe),st=ce.length,_t=l.end,Ei=c),l.next()):X>2500?u(R,nt,ce,Fe):(Ke>=0&&l.size==-1&&r[l.id].type==i.types[Ke]&&(st<ce.length&&p(ce,Fe,R,st,l.
end,_t,Ke,Ei,oe),st=ce.length+1,_t=l.start,Ei=c),f(R,nt,ce,Fe,Ke,X+1));if(Ke>=0&&st>0&&st<ce.length&&p(ce,Fe,R,st,R,_t,Ke,Ei,oe),ce.reverse(),Fe.reverse(),Ke>-1&&
st>0){let la=d(ve,oe);Ge=_o(ve,ce,Fe,0,ce.length,0,Q-R,la,la)}else Ge=m(ve,ce,Fe,Q-R,G-Q,oe)}O.push(Ge),E.push(De)}function u(w,v,O,E){let N=[],X=0,I=-1;for(;l.
pos>v;){let{id:R,start:Q,end:V,size:G}=l;if(G>4)l.next();else{if(I>-1&&Q<I)break;I<0&&(I=V-s),N.push(R,Q,V),X++,l.next()}}if(X){let R=new Uint16Array(X*4),Q=N[N.
length-2];for(let V=N.length-3,G=0;V>=0;V-=3)R[G++]=N[V],R[G++]=N[V+1]-Q,R[G++]=N[V+2]-Q,R[G++]=G;O.push(new kt(R,N[2]-Q,i)),E.push(Q-w)}}function d(w,v){return(O,E,N)=>{
let X=0,I=O.length-1,R,Q;if(I>=0&&(R=O[I])instanceof J){if(!I&&R.type==w&&R.length==N)return R;(Q=R.prop(B.lookAhead))&&(X=E[I]+R.length+Q-N)}return m(w,O,E,N,X,
v)}}function p(w,v,O,E,N,X,I,R,Q){let V=[],G=[];for(;w.length>E;)V.push(w.pop()),G.push(v.pop()+O-N);w.push(m(i.types[I],V,G,X-N,R-X,Q)),v.push(N-O)}function m(w,v,O,E,N,X,I){
if(X){let R=[B.contextHash,X];I=I?[R].concat(I):[R]}if(N>25){let R=[B.lookAhead,N];I=I?[R].concat(I):[R]}return new J(w,v,O,E,I)}function g(w,v){let O=l.fork(),
E=0,N=0,X=0,I=O.end-s,R={size:0,start:0,skip:0};e:for(let Q=O.pos-w;O.pos>Q;){let V=O.size;if(O.id==v&&V>=0){R.size=E,R.start=N,R.skip=X,X+=4,E+=4,O.next();continue}
let G=O.pos-V;if(V<0||G<Q||O.start<I)break;let oe=O.id>=o?4:0,ve=O.start;for(O.next();O.pos>G;){if(O.size<0)if(O.size==-3||O.size==-4)oe+=4;else break e;else O.
id>=o&&(oe+=4);O.next()}N=ve,E+=V,X+=oe}return(v<0||E==w)&&(R.size=E,R.start=N,R.skip=X),R.size>4?R:void 0}function b(w,v,O){let{id:E,start:N,end:X,size:I}=l;if(l.
next(),I>=0&&E<o){let R=O;if(I>4){let Q=l.pos-(I-4);for(;l.pos>Q;)O=b(w,v,O)}v[--O]=R,v[--O]=X-w,v[--O]=N-w,v[--O]=E}else I==-3?h=E:I==-4&&(c=E);return O}let M=[],
x=[];for(;l.pos>0;)f(n.start||0,n.bufferStart||0,M,x,-1,0);let T=(e=n.length)!==null&&e!==void 0?e:M.length?x[0]+M[0].length:0;return new J(a[n.topID],M.reverse(),
x.reverse(),T)}var Fc=new WeakMap;function ws(n,e){if(!n.isAnonymous||e instanceof kt||e.type!=n)return 1;let t=Fc.get(e);if(t==null){t=1;for(let i of e.children){
if(i.type!=n||!(i instanceof J)){t=1;break}t+=ws(n,i)}Fc.set(e,t)}return t}function _o(n,e,t,i,s,r,o,l,a){let h=0;for(let p=i;p<s;p++)h+=ws(n,e[p]);let c=Math.ceil(
h*1.5/8),f=[],u=[];function d(p,m,g,b,M){for(let x=g;x<b;){let T=x,w=m[x],v=ws(n,p[x]);for(x++;x<b;x++){let O=ws(n,p[x]);if(v+O>=c)break;v+=O}if(x==T+1){if(v>c){
let O=p[T];d(O.children,O.positions,0,O.children.length,m[T]+M);continue}f.push(p[T])}else{let O=m[x-1]+p[x-1].length-w;f.push(_o(n,p,m,T,x,w,O,null,a))}u.push(
w+M-r)}}return d(e,t,i,s,0),(l||a)(f,u,o)}var zt=class n{constructor(e,t,i,s,r=!1,o=!1){this.from=e,this.to=t,this.tree=i,this.offset=s,this.open=(r?1:0)|(o?2:0)}get openStart(){return(this.open&1)>0}get openEnd(){
return(this.open&2)>0}static addTree(e,t=[],i=!1){let s=[new n(0,e.length,e,0,!1,i)];for(let r of t)r.to>e.length&&s.push(r);return s}static applyChanges(e,t,i=128){
if(!t.length)return e;let s=[],r=1,o=e.length?e[0]:null;for(let l=0,a=0,h=0;;l++){let c=l<t.length?t[l]:null,f=c?c.fromA:1e9;if(f-a>=i)for(;o&&o.from<f;){let u=o;
if(a>=u.from||f<=u.to||h){let d=Math.max(u.from,a)-h,p=Math.min(u.to,f)-h;u=d>=p?null:new n(d,p,u.tree,u.offset+h,l>0,!!c)}if(u&&s.push(u),o.to>f)break;o=r<e.length?
e[r++]:null}if(!c)break;a=c.toA,h=c.toA-c.toB}return s}},ki=class{startParse(e,t,i){return typeof e=="string"&&(e=new Yo(e)),i=i?i.length?i.map(s=>new nn(s.from,
s.to)):[new nn(0,0)]:[new nn(0,e.length)],this.createParse(e,t||[],i)}parse(e,t,i){let s=this.startParse(e,t,i);for(;;){let r=s.advance();if(r)return r}}},Yo=class{constructor(e){
this.string=e}get length(){return this.string.length}chunk(e){return this.string.slice(e)}get lineChunks(){return!1}read(e,t){return this.string.slice(e,t)}};var Ly=new B({perNode:!0});var Fm=0,Qe=class n{constructor(e,t,i,s){this.name=e,this.set=t,this.base=i,this.modified=s,this.id=Fm++}toString(){let{name:e}=this;for(let t of this.modified)
t.name&&(e=`${t.name}(${e})`);return e}static define(e,t){let i=typeof e=="string"?e:"?";if(e instanceof n&&(t=e),t?.base)throw new Error("Can not derive from a\
 modified tag");let s=new n(i,[],null,[]);if(s.set.push(s),t)for(let r of t.set)s.set.push(r);return s}static defineModifier(e){let t=new As(e);return i=>i.modified.
indexOf(t)>-1?i:As.get(i.base||i,i.modified.concat(t).sort((s,r)=>s.id-r.id))}},Hm=0,As=class n{constructor(e){this.name=e,this.instances=[],this.id=Hm++}static get(e,t){
if(!t.length)return e;let i=t[0].instances.find(l=>l.base==e&&Vm(t,l.modified));if(i)return i;let s=[],r=new Qe(e.name,s,e,t);for(let l of t)l.instances.push(r);
let o=zm(t);for(let l of e.set)if(!l.modified.length)for(let a of o)s.push(n.get(l,a));return r}};function Vm(n,e){return n.length==e.length&&n.every((t,i)=>t==
e[i])}function zm(n){let e=[[]];for(let t=0;t<n.length;t++)for(let i=0,s=e.length;i<s;i++)e.push(e[i].concat(n[t]));return e.sort((t,i)=>i.length-t.length)}function wi(n){
let e=Object.create(null);for(let t in n){let i=n[t];Array.isArray(i)||(i=[i]);for(let s of t.split(" "))if(s){let r=[],o=2,l=s;for(let f=0;;){if(l=="..."&&f>0&&
f+3==s.length){o=1;break}let u=/^"(?:[^"\\]|\\.)*?"|[^\/!]+/.exec(l);if(!u)throw new RangeError("Invalid path: "+s);if(r.push(u[0]=="*"?"":u[0][0]=='"'?JSON.parse(
u[0]):u[0]),f+=u[0].length,f==s.length)break;let d=s[f++];if(f==s.length&&d=="!"){o=0;break}if(d!="/")throw new RangeError("Invalid path: "+s);l=s.slice(f)}let a=r.
length-1,h=r[a];if(!h)throw new RangeError("Invalid path: "+s);let c=new qt(i,o,a>0?r.slice(0,a):null);e[h]=c.sort(e[h])}}return qc.add(e)}var qc=new B({combine(n,e){
let t,i,s;for(;n||e;){if(!n||e&&n.depth<=e.depth?(s=e,e=e.next):(s=n,n=n.next),t&&t.mode==s.mode&&!s.context&&!t.context)continue;let r=new qt(s.tags,s.mode,s.context);
t?t.next=r:i=r,t=r}return i}}),qt=class{constructor(e,t,i,s){this.tags=e,this.mode=t,this.context=i,this.next=s}get opaque(){return this.mode==0}get inherit(){return this.
mode==1}sort(e){return!e||e.depth<this.depth?(this.next=e,this):(e.next=this.sort(e.next),e)}get depth(){return this.context?this.context.length:0}};qt.empty=new qt(
[],2,null);function tl(n,e){let t=Object.create(null);for(let r of n)if(!Array.isArray(r.tag))t[r.tag.id]=r.class;else for(let o of r.tag)t[o.id]=r.class;let{scope:i,
all:s=null}=e||{};return{style:r=>{let o=s;for(let l of r)for(let a of l.set){let h=t[a.id];if(h){o=o?o+" "+h:h;break}}return o},scope:i}}function Qm(n,e){let t=null;
for(let i of n){let s=i.style(e);s&&(t=t?t+" "+s:s)}return t}function Xc(n,e,t,i=0,s=n.length){let r=new Jo(i,Array.isArray(e)?e:[e],t);r.highlightRange(n.cursor(),
i,s,"",r.highlighters),r.flush(s)}var Jo=class{constructor(e,t,i){this.at=e,this.highlighters=t,this.span=i,this.class=""}startSpan(e,t){t!=this.class&&(this.flush(e),e>this.at&&(this.at=e),this.
class=t)}flush(e){e>this.at&&this.class&&this.span(this.at,e,this.class)}highlightRange(e,t,i,s,r){let{type:o,from:l,to:a}=e;if(l>=i||a<=t)return;o.isTop&&(r=this.
highlighters.filter(d=>!d.scope||d.scope(o)));let h=s,c=qm(e)||qt.empty,f=Qm(r,c.tags);if(f&&(h&&(h+=" "),h+=f,c.mode==1&&(s+=(s?" ":"")+f)),this.startSpan(Math.
max(t,l),h),c.opaque)return;let u=e.tree&&e.tree.prop(B.mounted);if(u&&u.overlay){let d=e.node.enter(u.overlay[0].from+l,1),p=this.highlighters.filter(g=>!g.scope||
g.scope(u.tree.type)),m=e.firstChild();for(let g=0,b=l;;g++){let M=g<u.overlay.length?u.overlay[g]:null,x=M?M.from+l:a,T=Math.max(t,b),w=Math.min(i,x);if(T<w&&m)
for(;e.from<w&&(this.highlightRange(e,T,w,s,r),this.startSpan(Math.min(w,e.to),h),!(e.to>=x||!e.nextSibling())););if(!M||x>i)break;b=M.to+l,b>t&&(this.highlightRange(
d.cursor(),Math.max(t,M.from+l),Math.min(i,b),"",p),this.startSpan(Math.min(i,b),h))}m&&e.parent()}else if(e.firstChild()){u&&(s="");do if(!(e.to<=t)){if(e.from>=
i)break;this.highlightRange(e,t,i,s,r),this.startSpan(Math.min(i,e.to),h)}while(e.nextSibling());e.parent()}}};function qm(n){let e=n.type.prop(qc);for(;e&&e.context&&
!n.matchContext(e.context);)e=e.next;return e||null}var S=Qe.define,Ss=S(),wt=S(),zc=S(wt),Qc=S(wt),vt=S(),Os=S(vt),Zo=S(vt),tt=S(),Qt=S(tt),Je=S(),et=S(),el=S(),
an=S(el),Cs=S(),y={comment:Ss,lineComment:S(Ss),blockComment:S(Ss),docComment:S(Ss),name:wt,variableName:S(wt),typeName:zc,tagName:S(zc),propertyName:Qc,attributeName:S(
Qc),className:S(wt),labelName:S(wt),namespace:S(wt),macroName:S(wt),literal:vt,string:Os,docString:S(Os),character:S(Os),attributeValue:S(Os),number:Zo,integer:S(
Zo),float:S(Zo),bool:S(vt),regexp:S(vt),escape:S(vt),color:S(vt),url:S(vt),keyword:Je,self:S(Je),null:S(Je),atom:S(Je),unit:S(Je),modifier:S(Je),operatorKeyword:S(
Je),controlKeyword:S(Je),definitionKeyword:S(Je),moduleKeyword:S(Je),operator:et,derefOperator:S(et),arithmeticOperator:S(et),logicOperator:S(et),bitwiseOperator:S(
et),compareOperator:S(et),updateOperator:S(et),definitionOperator:S(et),typeOperator:S(et),controlOperator:S(et),punctuation:el,separator:S(el),bracket:an,angleBracket:S(
an),squareBracket:S(an),paren:S(an),brace:S(an),content:tt,heading:Qt,heading1:S(Qt),heading2:S(Qt),heading3:S(Qt),heading4:S(Qt),heading5:S(Qt),heading6:S(Qt),
contentSeparator:S(tt),list:S(tt),quote:S(tt),emphasis:S(tt),strong:S(tt),link:S(tt),monospace:S(tt),strikethrough:S(tt),inserted:S(),deleted:S(),changed:S(),invalid:S(),
meta:Cs,documentMeta:S(Cs),annotation:S(Cs),processingInstruction:S(Cs),definition:Qe.defineModifier("definition"),constant:Qe.defineModifier("constant"),function:Qe.
defineModifier("function"),standard:Qe.defineModifier("standard"),local:Qe.defineModifier("local"),special:Qe.defineModifier("special")};for(let n in y){let e=y[n];
e instanceof Qe&&(e.name=n)}var Wy=tl([{tag:y.link,class:"tok-link"},{tag:y.heading,class:"tok-heading"},{tag:y.emphasis,class:"tok-emphasis"},{tag:y.strong,class:"\
tok-strong"},{tag:y.keyword,class:"tok-keyword"},{tag:y.atom,class:"tok-atom"},{tag:y.bool,class:"tok-bool"},{tag:y.url,class:"tok-url"},{tag:y.labelName,class:"\
tok-labelName"},{tag:y.inserted,class:"tok-inserted"},{tag:y.deleted,class:"tok-deleted"},{tag:y.literal,class:"tok-literal"},{tag:y.string,class:"tok-string"},
{tag:y.number,class:"tok-number"},{tag:[y.regexp,y.escape,y.special(y.string)],class:"tok-string2"},{tag:y.variableName,class:"tok-variableName"},{tag:y.local(y.
variableName),class:"tok-variableName tok-local"},{tag:y.definition(y.variableName),class:"tok-variableName tok-definition"},{tag:y.special(y.variableName),class:"\
tok-variableName2"},{tag:y.definition(y.propertyName),class:"tok-propertyName tok-definition"},{tag:y.typeName,class:"tok-typeName"},{tag:y.namespace,class:"tok\
-namespace"},{tag:y.className,class:"tok-className"},{tag:y.macroName,class:"tok-macroName"},{tag:y.propertyName,class:"tok-propertyName"},{tag:y.operator,class:"\
tok-operator"},{tag:y.comment,class:"tok-comment"},{tag:y.meta,class:"tok-meta"},{tag:y.invalid,class:"tok-invalid"},{tag:y.punctuation,class:"tok-punctuation"}]);var il,vi=new B;function Xm(n){return C.define({combine:n?e=>e.concat(n):void 0})}var $m=new B,Ae=class{constructor(e,t,i=[],s=""){this.data=e,this.name=s,z.prototype.
hasOwnProperty("tree")||Object.defineProperty(z.prototype,"tree",{get(){return ke(this)}}),this.parser=t,this.extension=[St.of(this),z.languageData.of((r,o,l)=>{
let a=$c(r,o,l),h=a.type.prop(vi);if(!h)return[];let c=r.facet(h),f=a.type.prop($m);if(f){let u=a.resolve(o-a.from,l);for(let d of f)if(d.test(u,r)){let p=r.facet(
d.facet);return d.type=="replace"?p:p.concat(c)}}return c})].concat(i)}isActiveAt(e,t,i=-1){return $c(e,t,i).type.prop(vi)==this.data}findRegions(e){let t=e.facet(
St);if(t?.data==this.data)return[{from:0,to:e.doc.length}];if(!t||!t.allowsNesting)return[];let i=[],s=(r,o)=>{if(r.prop(vi)==this.data){i.push({from:o,to:o+r.length});
return}let l=r.prop(B.mounted);if(l){if(l.tree.prop(vi)==this.data){if(l.overlay)for(let a of l.overlay)i.push({from:a.from+o,to:a.to+o});else i.push({from:o,to:o+
r.length});return}else if(l.overlay){let a=i.length;if(s(l.tree,l.overlay[0].from+o),i.length>a)return}}for(let a=0;a<r.children.length;a++){let h=r.children[a];
h instanceof J&&s(h,r.positions[a]+o)}};return s(ke(e),0),i}get allowsNesting(){return!0}};Ae.setState=L.define();function $c(n,e,t){let i=n.facet(St),s=ke(n).topNode;
if(!i||i.allowsNesting)for(let r=s;r;r=r.enter(e,t,j.ExcludeBuffers|j.EnterBracketed))r.type.isTop&&(s=r);return s}var fn=class n extends Ae{constructor(e,t,i){
super(e,t,[],i),this.parser=t}static define(e){let t=Xm(e.languageData);return new n(t,e.parser.configure({props:[vi.add(i=>i.isTop?t:void 0)]}),e.name)}configure(e,t){
return new n(this.data,this.parser.configure(e),t||this.name)}get allowsNesting(){return this.parser.hasWrappers()}};function ke(n){let e=n.field(Ae.state,!1);return e?
e.tree:J.empty}var ol=class{constructor(e){this.doc=e,this.cursorPos=0,this.string="",this.cursor=e.iter()}get length(){return this.doc.length}syncTo(e){return this.string=this.
cursor.next(e-this.cursorPos).value,this.cursorPos=e+this.string.length,this.cursorPos-this.string.length}chunk(e){return this.syncTo(e),this.string}get lineChunks(){
return!0}read(e,t){let i=this.cursorPos-this.string.length;return e<i||t>=this.cursorPos?this.doc.sliceString(e,t):this.string.slice(e-i,t-i)}},hn=null,ll=class n{constructor(e,t,i=[],s,r,o,l,a){
this.parser=e,this.state=t,this.fragments=i,this.tree=s,this.treeLen=r,this.viewport=o,this.skipped=l,this.scheduleOn=a,this.parse=null,this.tempSkipped=[]}static create(e,t,i){
return new n(e,t,[],J.empty,0,i,[],null)}startParse(){return this.parser.startParse(new ol(this.state.doc),this.fragments)}work(e,t){return t!=null&&t>=this.state.
doc.length&&(t=void 0),this.tree!=J.empty&&this.isDone(t??this.state.doc.length)?(this.takeTree(),!0):this.withContext(()=>{var i;if(typeof e=="number"){let s=Date.
now()+e;e=()=>Date.now()>s}for(this.parse||(this.parse=this.startParse()),t!=null&&(this.parse.stoppedAt==null||this.parse.stoppedAt>t)&&t<this.state.doc.length&&
this.parse.stopAt(t);;){let s=this.parse.advance();if(s)if(this.fragments=this.withoutTempSkipped(zt.addTree(s,this.fragments,this.parse.stoppedAt!=null)),this.
treeLen=(i=this.parse.stoppedAt)!==null&&i!==void 0?i:this.state.doc.length,this.tree=s,this.parse=null,this.treeLen<(t??this.state.doc.length))this.parse=this.
startParse();else return!0;if(e())return!1}})}takeTree(){let e,t;this.parse&&(e=this.parse.parsedPos)>=this.treeLen&&((this.parse.stoppedAt==null||this.parse.stoppedAt>
e)&&this.parse.stopAt(e),this.withContext(()=>{for(;!(t=this.parse.advance()););}),this.treeLen=e,this.tree=t,this.fragments=this.withoutTempSkipped(zt.addTree(
this.tree,this.fragments,!0)),this.parse=null)}withContext(e){let t=hn;hn=this;try{return e()}finally{hn=t}}withoutTempSkipped(e){for(let t;t=this.tempSkipped.pop();)
e=Uc(e,t.from,t.to);return e}changes(e,t){let{fragments:i,tree:s,treeLen:r,viewport:o,skipped:l}=this;if(this.takeTree(),!e.empty){let a=[];if(e.iterChangedRanges(
(h,c,f,u)=>a.push({fromA:h,toA:c,fromB:f,toB:u})),i=zt.applyChanges(i,a),s=J.empty,r=0,o={from:e.mapPos(o.from,-1),to:e.mapPos(o.to,1)},this.skipped.length){l=[];
for(let h of this.skipped){let c=e.mapPos(h.from,1),f=e.mapPos(h.to,-1);c<f&&l.push({from:c,to:f})}}}return new n(this.parser,t,i,s,r,o,l,this.scheduleOn)}updateViewport(e){
if(this.viewport.from==e.from&&this.viewport.to==e.to)return!1;this.viewport=e;let t=this.skipped.length;for(let i=0;i<this.skipped.length;i++){let{from:s,to:r}=this.
skipped[i];s<e.to&&r>e.from&&(this.fragments=Uc(this.fragments,s,r),this.skipped.splice(i--,1))}return this.skipped.length>=t?!1:(this.reset(),!0)}reset(){this.
parse&&(this.takeTree(),this.parse=null)}skipUntilInView(e,t){this.skipped.push({from:e,to:t})}static getSkippingParser(e){return new class extends ki{createParse(t,i,s){
let r=s[0].from,o=s[s.length-1].to;return{parsedPos:r,advance(){let a=hn;if(a){for(let h of s)a.tempSkipped.push(h);e&&(a.scheduleOn=a.scheduleOn?Promise.all([a.
scheduleOn,e]):e)}return this.parsedPos=o,new J(ae.none,[],[],o-r)},stoppedAt:null,stopAt(){}}}}}isDone(e){e=Math.min(e,this.state.doc.length);let t=this.fragments;
return this.treeLen>=e&&t.length&&t[0].from==0&&t[0].to>=e}static get(){return hn}};function Uc(n,e,t){return zt.applyChanges(n,[{fromA:e,toA:t,fromB:e,toB:t}])}
var un=class n{constructor(e){this.context=e,this.tree=e.tree}apply(e){if(!e.docChanged&&this.tree==this.context.tree)return this;let t=this.context.changes(e.changes,
e.state),i=this.context.treeLen==e.startState.doc.length?void 0:Math.max(e.changes.mapPos(this.context.treeLen),t.viewport.to);return t.work(20,i)||t.takeTree(),
new n(t)}static init(e){let t=Math.min(3e3,e.doc.length),i=ll.create(e.facet(St).parser,e,{from:0,to:t});return i.work(20,t)||i.takeTree(),new n(i)}};Ae.state=ee.
define({create:un.init,update(n,e){for(let t of e.effects)if(t.is(Ae.setState))return t.value;return e.startState.facet(St)!=e.state.facet(St)?un.init(e.state):
n.apply(e)}});var Jc=n=>{let e=setTimeout(()=>n(),500);return()=>clearTimeout(e)};typeof requestIdleCallback<"u"&&(Jc=n=>{let e=-1,t=setTimeout(()=>{e=requestIdleCallback(
n,{timeout:400})},100);return()=>e<0?clearTimeout(t):cancelIdleCallback(e)});var nl=typeof navigator<"u"&&(!((il=navigator.scheduling)===null||il===void 0)&&il.
isInputPending)?()=>navigator.scheduling.isInputPending():null,Um=Z.fromClass(class{constructor(e){this.view=e,this.working=null,this.workScheduled=0,this.chunkEnd=
-1,this.chunkBudget=-1,this.work=this.work.bind(this),this.scheduleWork()}update(e){let t=this.view.state.field(Ae.state).context;(t.updateViewport(e.view.viewport)||
this.view.viewport.to>t.treeLen)&&this.scheduleWork(),(e.docChanged||e.selectionSet)&&(this.view.hasFocus&&(this.chunkBudget+=50),this.scheduleWork()),this.checkAsyncSchedule(
t)}scheduleWork(){if(this.working)return;let{state:e}=this.view,t=e.field(Ae.state);(t.tree!=t.context.tree||!t.context.isDone(e.doc.length))&&(this.working=Jc(
this.work))}work(e){this.working=null;let t=Date.now();if(this.chunkEnd<t&&(this.chunkEnd<0||this.view.hasFocus)&&(this.chunkEnd=t+3e4,this.chunkBudget=3e3),this.
chunkBudget<=0)return;let{state:i,viewport:{to:s}}=this.view,r=i.field(Ae.state);if(r.tree==r.context.tree&&r.context.isDone(s+1e5))return;let o=Date.now()+Math.
min(this.chunkBudget,100,e&&!nl?Math.max(25,e.timeRemaining()-5):1e9),l=r.context.treeLen<s&&i.doc.length>s+1e3,a=r.context.work(()=>nl&&nl()||Date.now()>o,s+(l?
0:1e5));this.chunkBudget-=Date.now()-t,(a||this.chunkBudget<=0)&&(r.context.takeTree(),this.view.dispatch({effects:Ae.setState.of(new un(r.context))})),this.chunkBudget>
0&&!(a&&!l)&&this.scheduleWork(),this.checkAsyncSchedule(r.context)}checkAsyncSchedule(e){e.scheduleOn&&(this.workScheduled++,e.scheduleOn.then(()=>this.scheduleWork()).
catch(t=>ye(this.view.state,t)).then(()=>this.workScheduled--),e.scheduleOn=null)}destroy(){this.working&&this.working()}isWorking(){return!!(this.working||this.
workScheduled>0)}},{eventHandlers:{focus(){this.scheduleWork()}}}),St=C.define({combine(n){return n.length?n[0]:null},enables:n=>[Ae.state,Um,P.contentAttributes.
compute([n],e=>{let t=e.facet(n);return t&&t.name?{"data-language":t.name}:{}})]}),Ms=class{constructor(e,t=[]){this.language=e,this.support=t,this.extension=[e,
t]}};var Gm=C.define(),Oi=C.define({combine:n=>{if(!n.length)return"  ";let e=n[0];if(!e||/\S/.test(e)||Array.from(e).some(t=>t!=e[0]))throw new Error("Invalid inden\
t unit: "+JSON.stringify(n[0]));return e}});function dn(n){let e=n.facet(Oi);return e.charCodeAt(0)==9?n.tabSize*e.length:e.length}function Ci(n,e){let t="",i=n.
tabSize,s=n.facet(Oi)[0];if(s=="	"){for(;e>=i;)t+="	",e-=i;s=" "}for(let r=0;r<e;r++)t+=s;return t}function Ds(n,e){n instanceof z&&(n=new Xt(n));for(let i of n.
state.facet(Gm)){let s=i(n,e);if(s!==void 0)return s}let t=ke(n.state);return t.length>=e?Km(n,t,e):null}var Xt=class{constructor(e,t={}){this.state=e,this.options=t,this.unit=dn(e)}lineAt(e,t=1){let i=this.state.doc.lineAt(e),{simulateBreak:s,simulateDoubleBreak:r}=this.
options;return s!=null&&s>=i.from&&s<=i.to?r&&s==e?{text:"",from:e}:(t<0?s<e:s<=e)?{text:i.text.slice(s-i.from),from:s}:{text:i.text.slice(0,s-i.from),from:i.from}:
i}textAfterPos(e,t=1){if(this.options.simulateDoubleBreak&&e==this.options.simulateBreak)return"";let{text:i,from:s}=this.lineAt(e,t);return i.slice(e-s,Math.min(
i.length,e+100-s))}column(e,t=1){let{text:i,from:s}=this.lineAt(e,t),r=this.countColumn(i,e-s),o=this.options.overrideIndentation?this.options.overrideIndentation(
s):-1;return o>-1&&(r+=o-this.countColumn(i,i.search(/\S|$/))),r}countColumn(e,t=e.length){return mt(e,this.state.tabSize,t)}lineIndent(e,t=1){let{text:i,from:s}=this.
lineAt(e,t),r=this.options.overrideIndentation;if(r){let o=r(s);if(o>-1)return o}return this.countColumn(i,i.search(/\S|$/))}get simulatedBreak(){return this.options.
simulateBreak||null}},pl=new B;function Km(n,e,t){let i=e.resolveStack(t),s=e.resolveInner(t,-1).resolve(t,0).enterUnfinishedNodesBefore(t);if(s!=i.node){let r=[];
for(let o=s;o&&!(o.from<i.node.from||o.to>i.node.to||o.from==i.node.from&&o.type==i.node.type);o=o.parent)r.push(o);for(let o=r.length-1;o>=0;o--)i={node:r[o],next:i}}
return ef(i,n,t)}function ef(n,e,t){for(let i=n;i;i=i.next){let s=jm(i.node);if(s)return s(al.create(e,t,i))}return 0}function Ym(n){return n.pos==n.options.simulateBreak&&
n.options.simulateDoubleBreak}function jm(n){let e=n.type.prop(pl);if(e)return e;let t=n.firstChild,i;if(t&&(i=t.type.prop(B.closedBy))){let s=n.lastChild,r=s&&
i.indexOf(s.name)>-1;return o=>tf(o,!0,1,void 0,r&&!Ym(o)?s.from:void 0)}return n.parent==null?_m:null}function _m(){return 0}var al=class n extends Xt{constructor(e,t,i){
super(e.state,e.options),this.base=e,this.pos=t,this.context=i}get node(){return this.context.node}static create(e,t,i){return new n(e,t,i)}get textAfter(){return this.
textAfterPos(this.pos)}get baseIndent(){return this.baseIndentFor(this.node)}baseIndentFor(e){let t=this.state.doc.lineAt(e.from);for(;;){let i=e.resolve(t.from);
for(;i.parent&&i.parent.from==i.from;)i=i.parent;if(Zm(i,e))break;t=this.state.doc.lineAt(i.from)}return this.lineIndent(t.from)}continue(){return ef(this.context.
next,this.base,this.pos)}};function Zm(n,e){for(let t=e;t;t=t.parent)if(n==t)return!0;return!1}function Jm(n){let e=n.node,t=e.childAfter(e.from),i=e.lastChild;
if(!t)return null;let s=n.options.simulateBreak,r=n.state.doc.lineAt(t.from),o=s==null||s<=r.from?r.to:Math.min(r.to,s);for(let l=t.to;;){let a=e.childAfter(l);
if(!a||a==i)return null;if(!a.type.isSkipped){if(a.from>=o)return null;let h=/^ */.exec(r.text.slice(t.to-r.from))[0].length;return{from:t.from,to:t.to+h}}l=a.to}}
function ml({closing:n,align:e=!0,units:t=1}){return i=>tf(i,e,t,n)}function tf(n,e,t,i,s){let r=n.textAfter,o=r.match(/^\s*/)[0].length,l=i&&r.slice(o,o+i.length)==
i||s==n.pos+o,a=e?Jm(n):null;return a?l?n.column(a.from):n.column(a.to):n.baseIndent+(l?0:n.unit*t)}var eg=200;function nf(){return z.transactionFilter.of(n=>{if(!n.docChanged||!n.isUserEvent("input.type")&&!n.isUserEvent("input.complete"))return n;let e=n.startState.
languageDataAt("indentOnInput",n.startState.selection.main.head);if(!e.length)return n;let t=n.newDoc,{head:i}=n.newSelection.main,s=t.lineAt(i);if(i>s.from+eg)
return n;let r=t.sliceString(s.from,i);if(!e.some(h=>h.test(r)))return n;let{state:o}=n,l=-1,a=[];for(let{head:h}of o.selection.ranges){let c=o.doc.lineAt(h);if(c.
from==l)continue;l=c.from;let f=Ds(o,c.from);if(f==null)continue;let u=/^\s*/.exec(c.text)[0],d=Ci(o,f);u!=d&&a.push({from:c.from,to:c.from+u.length,insert:d})}
return a.length?[n,{changes:a,sequential:!0}]:n})}var tg=C.define(),gl=new B;function sf(n){let e=n.firstChild,t=n.lastChild;return e&&e.to<t.from?{from:e.to,to:t.
type.isError?n.to:t.from}:null}function ig(n,e,t){let i=ke(n);if(i.length<t)return null;let s=i.resolveStack(t,1),r=null;for(let o=s;o;o=o.next){let l=o.node;if(l.
to<=t||l.from>t)continue;if(r&&l.from<e)break;let a=l.type.prop(gl);if(a&&(l.to<i.length-50||i.length==n.doc.length||!ng(l))){let h=a(l,n);h&&h.from<=t&&h.from>=
e&&h.to>t&&(r=h)}}return r}function ng(n){let e=n.lastChild;return e&&e.to==n.to&&e.type.isError}function Ps(n,e,t){for(let i of n.facet(tg)){let s=i(n,e,t);if(s)
return s}return ig(n,e,t)}function rf(n,e){let t=e.mapPos(n.from,1),i=e.mapPos(n.to,-1);return t>=i?void 0:{from:t,to:i}}var Rs=L.define({map:rf}),pn=L.define({
map:rf});function of(n){let e=[];for(let{head:t}of n.state.selection.ranges)e.some(i=>i.from<=t&&i.to>=t)||e.push(n.lineBlockAt(t));return e}var $t=ee.define({create(){
return D.none},update(n,e){e.isUserEvent("delete")&&e.changes.iterChangedRanges((i,s)=>n=Gc(n,i,s)),n=n.map(e.changes);let t=[];for(let i of e.effects)i.is(Rs)&&
!sg(n,i.value.from,i.value.to)?t.push(i.value):i.is(pn)&&(n=n.update({filter:(s,r)=>i.value.from!=s||i.value.to!=r,filterFrom:i.value.from,filterTo:i.value.to}));
if(t.length){let{preparePlaceholder:i}=e.state.facet(bl),s=t.map(r=>(i?D.replace({widget:new hl(i(e.state,r))}):Kc).range(r.from,r.to));n=n.update({add:s})}return e.
selection&&(n=Gc(n,e.selection.main.head)),n},provide:n=>P.decorations.from(n),toJSON(n,e){let t=[];return n.between(0,e.doc.length,(i,s)=>{t.push(i,s)}),t},fromJSON(n){
if(!Array.isArray(n)||n.length%2)throw new RangeError("Invalid JSON for fold state");let e=[];for(let t=0;t<n.length;){let i=n[t++],s=n[t++];if(typeof i!="numbe\
r"||typeof s!="number")throw new RangeError("Invalid JSON for fold state");e.push(Kc.range(i,s))}return D.set(e,!0)}});function Gc(n,e,t=e){let i=!1;return n.between(
e,t,(s,r)=>{s<t&&r>e&&(i=!0)}),i?n.update({filterFrom:e,filterTo:t,filter:(s,r)=>s>=t||r<=e}):n}function Ts(n,e,t){var i;let s=null;return(i=n.field($t,!1))===null||i===void 0||i.between(e,t,(r,o)=>{(!s||s.from>r)&&(s={from:r,to:o})}),s}function sg(n,e,t){
let i=!1;return n.between(e,e,(s,r)=>{s==e&&r==t&&(i=!0)}),i}function lf(n,e){return n.field($t,!1)?e:e.concat(L.appendConfig.of(cf()))}var rg=n=>{for(let e of of(
n)){let t=Ps(n.state,e.from,e.to);if(t)return n.dispatch({effects:lf(n.state,[Rs.of(t),af(n,t)])}),!0}return!1},og=n=>{if(!n.state.field($t,!1))return!1;let e=[];
for(let t of of(n)){let i=Ts(n.state,t.from,t.to);i&&e.push(pn.of(i),af(n,i,!1))}return e.length&&n.dispatch({effects:e}),e.length>0};function af(n,e,t=!0){let i=n.
state.doc.lineAt(e.from).number,s=n.state.doc.lineAt(e.to).number;return P.announce.of(`${n.state.phrase(t?"Folded lines":"Unfolded lines")} ${i} ${n.state.phrase(
"to")} ${s}.`)}var lg=n=>{let{state:e}=n,t=[];for(let i=0;i<e.doc.length;){let s=n.lineBlockAt(i),r=Ps(e,s.from,s.to);r&&t.push(Rs.of(r)),i=(r?n.lineBlockAt(r.to):
s).to+1}return t.length&&n.dispatch({effects:lf(n.state,t)}),!!t.length},ag=n=>{let e=n.state.field($t,!1);if(!e||!e.size)return!1;let t=[];return e.between(0,n.
state.doc.length,(i,s)=>{t.push(pn.of({from:i,to:s}))}),n.dispatch({effects:t}),!0};var hf=[{key:"Ctrl-Shift-[",mac:"Cmd-Alt-[",run:rg},{key:"Ctrl-Shift-]",mac:"Cmd-Alt-]",run:og},{key:"Ctrl-Alt-[",run:lg},{key:"Ctrl-Alt-]",run:ag}],hg={placeholderDOM:null,
preparePlaceholder:null,placeholderText:"\u2026"},bl=C.define({combine(n){return de(n,hg)}});function cf(n){let e=[$t,fg];return n&&e.push(bl.of(n)),e}function ff(n,e){
let{state:t}=n,i=t.facet(bl),s=o=>{let l=n.lineBlockAt(n.posAtDOM(o.target)),a=Ts(n.state,l.from,l.to);a&&n.dispatch({effects:pn.of(a)}),o.preventDefault()};if(i.
placeholderDOM)return i.placeholderDOM(n,s,e);let r=document.createElement("span");return r.textContent=i.placeholderText,r.setAttribute("aria-label",t.phrase("\
folded code")),r.title=t.phrase("unfold"),r.className="cm-foldPlaceholder",r.onclick=s,r}var Kc=D.replace({widget:new class extends Ce{toDOM(n){return ff(n,null)}}}),
hl=class extends Ce{constructor(e){super(),this.value=e}eq(e){return this.value==e.value}toDOM(e){return ff(e,this.value)}},cg={openText:"\u2304",closedText:"\u203A",
markerDOM:null,domEventHandlers:{},foldingChanged:()=>!1},cn=class extends xe{constructor(e,t){super(),this.config=e,this.open=t}eq(e){return this.config==e.config&&
this.open==e.open}toDOM(e){if(this.config.markerDOM)return this.config.markerDOM(this.open);let t=document.createElement("span");return t.textContent=this.open?
this.config.openText:this.config.closedText,t.title=e.state.phrase(this.open?"Fold line":"Unfold line"),t}};function uf(n={}){let e={...cg,...n},t=new cn(e,!0),
i=new cn(e,!1),s=Z.fromClass(class{constructor(o){this.from=o.viewport.from,this.markers=this.buildMarkers(o)}update(o){(o.docChanged||o.viewportChanged||o.startState.
facet(St)!=o.state.facet(St)||o.startState.field($t,!1)!=o.state.field($t,!1)||ke(o.startState)!=ke(o.state)||e.foldingChanged(o))&&(this.markers=this.buildMarkers(
o.view))}buildMarkers(o){let l=new ge;for(let a of o.viewportLineBlocks){let h=Ts(o.state,a.from,a.to)?i:Ps(o.state,a.from,a.to)?t:null;h&&l.add(a.from,a.from,h)}
return l.finish()}}),{domEventHandlers:r}=e;return[s,xs({class:"cm-foldGutter",markers(o){var l;return((l=o.plugin(s))===null||l===void 0?void 0:l.markers)||F.empty},
initialSpacer(){return new cn(e,!1)},domEventHandlers:{...r,click:(o,l,a)=>{if(r.click&&r.click(o,l,a))return!0;let h=Ts(o.state,l.from,l.to);if(h)return o.dispatch(
{effects:pn.of(h)}),!0;let c=Ps(o.state,l.from,l.to);return c?(o.dispatch({effects:Rs.of(c)}),!0):!1}}}),cf()]}var fg=P.baseTheme({".cm-foldPlaceholder":{backgroundColor:"\
#eee",border:"1px solid #ddd",color:"#888",borderRadius:".2em",margin:"0 1px",padding:"0 1px",cursor:"pointer"},".cm-foldGutter span":{padding:"0 1px",cursor:"p\
ointer"}}),Si=class n{constructor(e,t){this.specs=e;let i;function s(l){let a=Be.newName();return(i||(i=Object.create(null)))["."+a]=l,a}let r=typeof t.all=="st\
ring"?t.all:t.all?s(t.all):void 0,o=t.scope;this.scope=o instanceof Ae?l=>l.prop(vi)==o.data:o?l=>l==o:void 0,this.style=tl(e.map(l=>({tag:l.tag,class:l.class||
s(Object.assign({},l,{tag:null}))})),{all:r}).style,this.module=i?new Be(i):null,this.themeType=t.themeType}static define(e,t){return new n(e,t||{})}},cl=C.define(),
df=C.define({combine(n){return n.length?[n[0]]:null}});function sl(n){let e=n.facet(cl);return e.length?e:n.facet(df)}function pf(n,e){let t=[ug],i;return n instanceof
Si&&(n.module&&t.push(P.styleModule.of(n.module)),i=n.themeType),e?.fallback?t.push(df.of(n)):i?t.push(cl.computeN([P.darkTheme],s=>s.facet(P.darkTheme)==(i=="d\
ark")?[n]:[])):t.push(cl.of(n)),t}var fl=class{constructor(e){this.markCache=Object.create(null),this.tree=ke(e.state),this.decorations=this.buildDeco(e,sl(e.state)),this.decoratedTo=e.viewport.
to}update(e){let t=ke(e.state),i=sl(e.state),s=i!=sl(e.startState),{viewport:r}=e.view,o=e.changes.mapPos(this.decoratedTo,1);t.length<r.to&&!s&&t.type==this.tree.
type&&o>=r.to?(this.decorations=this.decorations.map(e.changes),this.decoratedTo=o):(t!=this.tree||e.viewportChanged||s)&&(this.tree=t,this.decorations=this.buildDeco(
e.view,i),this.decoratedTo=r.to)}buildDeco(e,t){if(!t||!this.tree.length)return D.none;let i=new ge;for(let{from:s,to:r}of e.visibleRanges)Xc(this.tree,t,(o,l,a)=>{
i.add(o,l,this.markCache[a]||(this.markCache[a]=D.mark({class:a})))},s,r);return i.finish()}},ug=pt.high(Z.fromClass(fl,{decorations:n=>n.decorations})),$y=Si.define(
[{tag:y.meta,color:"#404740"},{tag:y.link,textDecoration:"underline"},{tag:y.heading,textDecoration:"underline",fontWeight:"bold"},{tag:y.emphasis,fontStyle:"it\
alic"},{tag:y.strong,fontWeight:"bold"},{tag:y.strikethrough,textDecoration:"line-through"},{tag:y.keyword,color:"#708"},{tag:[y.atom,y.bool,y.url,y.contentSeparator,
y.labelName],color:"#219"},{tag:[y.literal,y.inserted],color:"#164"},{tag:[y.string,y.deleted],color:"#a11"},{tag:[y.regexp,y.escape,y.special(y.string)],color:"\
#e40"},{tag:y.definition(y.variableName),color:"#00f"},{tag:y.local(y.variableName),color:"#30a"},{tag:[y.typeName,y.namespace],color:"#085"},{tag:y.className,color:"\
#167"},{tag:[y.special(y.variableName),y.macroName],color:"#256"},{tag:y.definition(y.propertyName),color:"#00c"},{tag:y.comment,color:"#940"},{tag:y.invalid,color:"\
#f00"}]),dg=P.baseTheme({"&.cm-focused .cm-matchingBracket":{backgroundColor:"#328c8252"},"&.cm-focused .cm-nonmatchingBracket":{backgroundColor:"#bb555544"}}),
mf=1e4,gf="()[]{}",bf=C.define({combine(n){return de(n,{afterCursor:!0,brackets:gf,maxScanDistance:mf,renderMatch:gg})}}),pg=D.mark({class:"cm-matchingBracket"}),
mg=D.mark({class:"cm-nonmatchingBracket"});function gg(n){let e=[],t=n.matched?pg:mg;return e.push(t.range(n.start.from,n.start.to)),n.end&&e.push(t.range(n.end.
from,n.end.to)),e}function Yc(n){let e=[],t=n.facet(bf);for(let i of n.selection.ranges){if(!i.empty)continue;let s=qe(n,i.head,-1,t)||i.head>0&&qe(n,i.head-1,1,
t)||t.afterCursor&&(qe(n,i.head,1,t)||i.head<n.doc.length&&qe(n,i.head+1,-1,t));s&&(e=e.concat(t.renderMatch(s,n)))}return D.set(e,!0)}var bg=Z.fromClass(class{constructor(n){
this.paused=!1,this.decorations=Yc(n.state)}update(n){(n.docChanged||n.selectionSet||this.paused)&&(n.view.composing?(this.decorations=this.decorations.map(n.changes),
this.paused=!0):(this.decorations=Yc(n.state),this.paused=!1))}},{decorations:n=>n.decorations}),yg=[bg,dg];function yf(n={}){return[bf.of(n),yg]}var xg=new B;function ul(n,e,t){
let i=n.prop(e<0?B.openedBy:B.closedBy);if(i)return i;if(n.name.length==1){let s=t.indexOf(n.name);if(s>-1&&s%2==(e<0?1:0))return[t[s+e]]}return null}function dl(n){
let e=n.type.prop(xg);return e?e(n.node):n}function qe(n,e,t,i={}){let s=i.maxScanDistance||mf,r=i.brackets||gf,o=ke(n),l=o.resolveInner(e,t);for(let a=l;a;a=a.
parent){let h=ul(a.type,t,r);if(h&&a.from<a.to){let c=dl(a);if(c&&(t>0?e>=c.from&&e<c.to:e>c.from&&e<=c.to))return kg(n,e,t,a,c,h,r)}}return wg(n,e,t,o,l.type,s,
r)}function kg(n,e,t,i,s,r,o){let l=i.parent,a={from:s.from,to:s.to},h=0,c=l?.cursor();if(c&&(t<0?c.childBefore(i.from):c.childAfter(i.to)))do if(t<0?c.to<=i.from:
c.from>=i.to){if(h==0&&r.indexOf(c.type.name)>-1&&c.from<c.to){let f=dl(c);return{start:a,end:f?{from:f.from,to:f.to}:void 0,matched:!0}}else if(ul(c.type,t,o))
h++;else if(ul(c.type,-t,o)){if(h==0){let f=dl(c);return{start:a,end:f&&f.from<f.to?{from:f.from,to:f.to}:void 0,matched:!1}}h--}}while(t<0?c.prevSibling():c.nextSibling());
return{start:a,matched:!1}}function wg(n,e,t,i,s,r,o){if(t<0?!e:e==n.doc.length)return null;let l=t<0?n.sliceDoc(e-1,e):n.sliceDoc(e,e+1),a=o.indexOf(l);if(a<0||
a%2==0!=t>0)return null;let h={from:t<0?e-1:e,to:t>0?e+1:e},c=n.doc.iterRange(e,t>0?n.doc.length:0),f=0;for(let u=0;!c.next().done&&u<=r;){let d=c.value;t<0&&(u+=
d.length);let p=e+u*t;for(let m=t>0?0:d.length-1,g=t>0?d.length:-1;m!=g;m+=t){let b=o.indexOf(d[m]);if(!(b<0||i.resolveInner(p+m,1).type!=s))if(b%2==0==t>0)f++;else{
if(f==1)return{start:h,end:{from:p+m,to:p+m+1},matched:b>>1==a>>1};f--}}t>0&&(u+=d.length)}return c.done?{start:h,matched:!1}:null}var vg=Object.create(null),jc=[ae.none];var _c=[],Zc=Object.create(null),Sg=Object.create(null);for(let[n,e]of[["variable","variableName"],["variable-2","variableName.special"],["string-2","string.spe\
cial"],["def","variableName.definition"],["tag","tagName"],["attribute","attributeName"],["type","typeName"],["builtin","variableName.standard"],["qualifier","m\
odifier"],["error","invalid"],["header","heading"],["property","propertyName"]])Sg[n]=Og(vg,e);function rl(n,e){_c.indexOf(n)>-1||(_c.push(n),console.warn(e))}function Og(n,e){let t=[];for(let l of e.split(" ")){let a=[];for(let h of l.split(".")){let c=n[h]||
y[h];c?typeof c=="function"?a.length?a=a.map(c):rl(h,`Modifier ${h} used at start of tag`):a.length?rl(h,`Tag ${h} used as modifier`):a=Array.isArray(c)?c:[c]:rl(
h,`Unknown highlighting tag ${h}`)}for(let h of a)t.push(h)}if(!t.length)return 0;let i=e.replace(/ /g,"_"),s=i+" "+t.map(l=>l.id),r=Zc[s];if(r)return r.id;let o=Zc[s]=
ae.define({id:jc.length,name:i,props:[wi({[i]:t})]});return jc.push(o),o.id}var Uy={rtl:D.mark({class:"cm-iso",inclusive:!0,attributes:{dir:"rtl"},bidiIsolate:q.RTL}),ltr:D.mark({class:"cm-iso",inclusive:!0,attributes:{dir:"ltr"},bidiIsolate:q.
LTR}),auto:D.mark({class:"cm-iso",inclusive:!0,attributes:{dir:"auto"},bidiIsolate:null})};var Cg=n=>{let{state:e}=n,t=e.doc.lineAt(e.selection.main.from),i=Ol(n.state,t.from);return i.line?Ag(n):i.block?Pg(n):!1};function Sl(n,e){return({state:t,dispatch:i})=>{
if(t.readOnly)return!1;let s=n(e,t);return s?(i(t.update(s)),!0):!1}}var Ag=Sl(Rg,0);var Mg=Sl(Mf,0);var Pg=Sl((n,e)=>Mf(n,e,Dg(e)),0);function Ol(n,e){let t=n.languageDataAt("commentTokens",e,1);return t.length?t[0]:{}}var mn=50;function Tg(n,{open:e,close:t},i,s){
let r=n.sliceDoc(i-mn,i),o=n.sliceDoc(s,s+mn),l=/\s*$/.exec(r)[0].length,a=/^\s*/.exec(o)[0].length,h=r.length-l;if(r.slice(h-e.length,h)==e&&o.slice(a,a+t.length)==
t)return{open:{pos:i-l,margin:l&&1},close:{pos:s+a,margin:a&&1}};let c,f;s-i<=2*mn?c=f=n.sliceDoc(i,s):(c=n.sliceDoc(i,i+mn),f=n.sliceDoc(s-mn,s));let u=/^\s*/.
exec(c)[0].length,d=/\s*$/.exec(f)[0].length,p=f.length-d-t.length;return c.slice(u,u+e.length)==e&&f.slice(p,p+t.length)==t?{open:{pos:i+u+e.length,margin:/\s/.
test(c.charAt(u+e.length))?1:0},close:{pos:s-d-t.length,margin:/\s/.test(f.charAt(p-1))?1:0}}:null}function Dg(n){let e=[];for(let t of n.selection.ranges){let i=n.
doc.lineAt(t.from),s=t.to<=i.to?i:n.doc.lineAt(t.to);s.from>i.from&&s.from==t.to&&(s=t.to==i.to+1?i:n.doc.lineAt(t.to-1));let r=e.length-1;r>=0&&e[r].to>i.from?
e[r].to=s.to:e.push({from:i.from+/^\s*/.exec(i.text)[0].length,to:s.to})}return e}function Mf(n,e,t=e.selection.ranges){let i=t.map(r=>Ol(e,r.from).block);if(!i.
every(r=>r))return null;let s=t.map((r,o)=>Tg(e,i[o],r.from,r.to));if(n!=2&&!s.every(r=>r))return{changes:e.changes(t.map((r,o)=>s[o]?[]:[{from:r.from,insert:i[o].
open+" "},{from:r.to,insert:" "+i[o].close}]))};if(n!=1&&s.some(r=>r)){let r=[];for(let o=0,l;o<s.length;o++)if(l=s[o]){let a=i[o],{open:h,close:c}=l;r.push({from:h.
pos-a.open.length,to:h.pos+h.margin},{from:c.pos-c.margin,to:c.pos+a.close.length})}return{changes:r}}return null}function Rg(n,e,t=e.selection.ranges){let i=[],
s=-1;e:for(let{from:r,to:o}of t){let l=i.length,a=1e9,h;for(let c=r;c<=o;){let f=e.doc.lineAt(c);if(h==null&&(h=Ol(e,f.from).line,!h))continue e;if(f.from>s&&(r==
o||o>f.from)){s=f.from;let u=/^\s*/.exec(f.text)[0].length,d=u==f.length,p=f.text.slice(u,u+h.length)==h?u:-1;u<f.text.length&&u<a&&(a=u),i.push({line:f,comment:p,
token:h,indent:u,empty:d,single:!1})}c=f.to+1}if(a<1e9)for(let c=l;c<i.length;c++)i[c].indent<i[c].line.text.length&&(i[c].indent=a);i.length==l+1&&(i[l].single=
!0)}if(n!=2&&i.some(r=>r.comment<0&&(!r.empty||r.single))){let r=[];for(let{line:l,token:a,indent:h,empty:c,single:f}of i)(f||!c)&&r.push({from:l.from+h,insert:a+
" "});let o=e.changes(r);return{changes:o,selection:e.selection.map(o,1)}}else if(n!=1&&i.some(r=>r.comment>=0)){let r=[];for(let{line:o,comment:l,token:a}of i)
if(l>=0){let h=o.from+l,c=h+a.length;o.text[c-o.from]==" "&&c++,r.push({from:h,to:c})}return{changes:r}}return null}var xl=Re.define(),Bg=Re.define(),Eg=C.define(),
Pf=C.define({combine(n){return de(n,{minDepth:100,newGroupDelay:500,joinToEvent:(e,t)=>t},{minDepth:Math.max,newGroupDelay:Math.min,joinToEvent:(e,t)=>(i,s)=>e(
i,s)||t(i,s)})}}),Tf=ee.define({create(){return Ut.empty},update(n,e){let t=e.state.facet(Pf),i=e.annotation(xl);if(i){let a=Xe.fromTransaction(e,i.selection),h=i.
side,c=h==0?n.undone:n.done;return a?c=Es(c,c.length,t.minDepth,a):c=Ef(c,e.startState.selection),new Ut(h==0?i.rest:c,h==0?c:i.rest)}let s=e.annotation(Bg);if((s==
"full"||s=="before")&&(n=n.isolate()),e.annotation(ie.addToHistory)===!1)return e.changes.empty?n:n.addMapping(e.changes.desc);let r=Xe.fromTransaction(e),o=e.annotation(
ie.time),l=e.annotation(ie.userEvent);return r?n=n.addChanges(r,o,l,t,e):e.selection&&(n=n.addSelection(e.startState.selection,o,l,t.newGroupDelay)),(s=="full"||
s=="after")&&(n=n.isolate()),n},toJSON(n){return{done:n.done.map(e=>e.toJSON()),undone:n.undone.map(e=>e.toJSON())}},fromJSON(n){return new Ut(n.done.map(Xe.fromJSON),
n.undone.map(Xe.fromJSON))}});function Df(n={}){return[Tf,Pf.of(n),P.domEventHandlers({beforeinput(e,t){let i=e.inputType=="historyUndo"?Rf:e.inputType=="histor\
yRedo"?kl:null;return i?(e.preventDefault(),i(t)):!1}})]}function Ls(n,e){return function({state:t,dispatch:i}){if(!e&&t.readOnly)return!1;let s=t.field(Tf,!1);if(!s)return!1;let r=s.pop(n,t,e);return r?(i(r),!0):!1}}
var Rf=Ls(0,!1),kl=Ls(1,!1),Lg=Ls(0,!0),Ig=Ls(1,!0);var Xe=class n{constructor(e,t,i,s,r){this.changes=e,this.effects=t,this.mapped=i,this.startSelection=s,this.selectionsAfter=r}setSelAfter(e){return new n(this.
changes,this.effects,this.mapped,this.startSelection,e)}toJSON(){var e,t,i;return{changes:(e=this.changes)===null||e===void 0?void 0:e.toJSON(),mapped:(t=this.mapped)===
null||t===void 0?void 0:t.toJSON(),startSelection:(i=this.startSelection)===null||i===void 0?void 0:i.toJSON(),selectionsAfter:this.selectionsAfter.map(s=>s.toJSON())}}static fromJSON(e){
return new n(e.changes&&ue.fromJSON(e.changes),[],e.mapped&&rt.fromJSON(e.mapped),e.startSelection&&k.fromJSON(e.startSelection),e.selectionsAfter.map(k.fromJSON))}static fromTransaction(e,t){
let i=Ne;for(let s of e.startState.facet(Eg)){let r=s(e);r.length&&(i=i.concat(r))}return!i.length&&e.changes.empty?null:new n(e.changes.invert(e.startState.doc),
i,void 0,t||e.startState.selection,Ne)}static selection(e){return new n(void 0,Ne,void 0,void 0,e)}};function Es(n,e,t,i){let s=e+1>t+20?e-t-1:0,r=n.slice(s,e);
return r.push(i),r}function Ng(n,e){let t=[],i=!1;return n.iterChangedRanges((s,r)=>t.push(s,r)),e.iterChangedRanges((s,r,o,l)=>{for(let a=0;a<t.length;){let h=t[a++],
c=t[a++];l>=h&&o<=c&&(i=!0)}}),i}function Wg(n,e){return n.ranges.length==e.ranges.length&&n.ranges.filter((t,i)=>t.empty!=e.ranges[i].empty).length===0}function Bf(n,e){
return n.length?e.length?n.concat(e):n:e}var Ne=[],Fg=200;function Ef(n,e){if(n.length){let t=n[n.length-1],i=t.selectionsAfter.slice(Math.max(0,t.selectionsAfter.
length-Fg));return i.length&&i[i.length-1].eq(e)?n:(i.push(e),Es(n,n.length-1,1e9,t.setSelAfter(i)))}else return[Xe.selection([e])]}function Hg(n){let e=n[n.length-
1],t=n.slice();return t[n.length-1]=e.setSelAfter(e.selectionsAfter.slice(0,e.selectionsAfter.length-1)),t}function yl(n,e){if(!n.length)return n;let t=n.length,
i=Ne;for(;t;){let s=Vg(n[t-1],e,i);if(s.changes&&!s.changes.empty||s.effects.length){let r=n.slice(0,t);return r[t-1]=s,r}else e=s.mapped,t--,i=s.selectionsAfter}
return i.length?[Xe.selection(i)]:Ne}function Vg(n,e,t){let i=Bf(n.selectionsAfter.length?n.selectionsAfter.map(l=>l.map(e)):Ne,t);if(!n.changes)return Xe.selection(
i);let s=n.changes.map(e),r=e.mapDesc(n.changes,!0),o=n.mapped?n.mapped.composeDesc(r):r;return new Xe(s,L.mapEffects(n.effects,e),o,n.startSelection.map(r),i)}
var zg=/^(input\.type|delete)($|\.)/,Ut=class n{constructor(e,t,i=0,s=void 0){this.done=e,this.undone=t,this.prevTime=i,this.prevUserEvent=s}isolate(){return this.
prevTime?new n(this.done,this.undone):this}addChanges(e,t,i,s,r){let o=this.done,l=o[o.length-1];return l&&l.changes&&!l.changes.empty&&e.changes&&(!i||zg.test(
i))&&(!l.selectionsAfter.length&&t-this.prevTime<s.newGroupDelay&&s.joinToEvent(r,Ng(l.changes,e.changes))||i=="input.type.compose")?o=Es(o,o.length-1,s.minDepth,
new Xe(e.changes.compose(l.changes),Bf(L.mapEffects(e.effects,l.changes),l.effects),l.mapped,l.startSelection,Ne)):o=Es(o,o.length,s.minDepth,e),new n(o,Ne,t,i)}addSelection(e,t,i,s){
let r=this.done.length?this.done[this.done.length-1].selectionsAfter:Ne;return r.length>0&&t-this.prevTime<s&&i==this.prevUserEvent&&i&&/^select($|\.)/.test(i)&&
Wg(r[r.length-1],e)?this:new n(Ef(this.done,e),this.undone,t,i)}addMapping(e){return new n(yl(this.done,e),yl(this.undone,e),this.prevTime,this.prevUserEvent)}pop(e,t,i){
let s=e==0?this.done:this.undone;if(s.length==0)return null;let r=s[s.length-1],o=r.selectionsAfter[0]||(r.startSelection?r.startSelection.map(r.changes.invertedDesc,
1):t.selection);if(i&&r.selectionsAfter.length)return t.update({selection:r.selectionsAfter[r.selectionsAfter.length-1],annotations:xl.of({side:e,rest:Hg(s),selection:o}),
userEvent:e==0?"select.undo":"select.redo",scrollIntoView:!0});if(r.changes){let l=s.length==1?Ne:s.slice(0,s.length-1);return r.mapped&&(l=yl(l,r.mapped)),t.update(
{changes:r.changes,selection:r.startSelection,effects:r.effects,annotations:xl.of({side:e,rest:l,selection:o}),filter:!1,userEvent:e==0?"undo":"redo",scrollIntoView:!0})}else
return null}};Ut.empty=new Ut(Ne,Ne);var Lf=[{key:"Mod-z",run:Rf,preventDefault:!0},{key:"Mod-y",mac:"Mod-Shift-z",run:kl,preventDefault:!0},{linux:"Ctrl-Shift-\
z",run:kl,preventDefault:!0},{key:"Mod-u",run:Lg,preventDefault:!0},{key:"Alt-u",mac:"Mod-Shift-u",run:Ig,preventDefault:!0}];function Ai(n,e){return k.create(n.
ranges.map(e),n.mainIndex)}function $e(n,e){return n.update({selection:e,scrollIntoView:!0,userEvent:"select"})}function Ue({state:n,dispatch:e},t){let i=Ai(n.selection,
t);return i.eq(n.selection,!0)?!1:(e($e(n,i)),!0)}function Is(n,e){return k.cursor(e?n.to:n.from)}function If(n,e){return Ue(n,t=>t.empty?n.moveByChar(t,e):Is(t,
e))}function he(n){return n.textDirectionAt(n.state.selection.main.head)==q.LTR}var Nf=n=>If(n,!he(n)),Wf=n=>If(n,he(n));function Ff(n,e){return Ue(n,t=>t.empty?n.moveByGroup(t,e):Is(t,e))}var Qg=n=>Ff(n,!he(n)),qg=n=>Ff(n,he(n));var ix=typeof Intl<"u"&&Intl.Segmenter?new Intl.Segmenter(void 0,{granularity:"word"}):null;function Xg(n,e,t){if(e.type.prop(t))return!0;let i=e.to-e.from;return i&&(i>2||/[^\s,.;:]/.test(n.sliceDoc(e.from,e.to)))||e.firstChild}function Ns(n,e,t){let i=ke(
n).resolveInner(e.head),s=t?B.closedBy:B.openedBy;for(let a=e.head;;){let h=t?i.childAfter(a):i.childBefore(a);if(!h)break;Xg(n,h,s)?i=h:a=t?h.to:h.from}let r=i.
type.prop(s),o,l;return r&&(o=t?qe(n,i.from,1):qe(n,i.to,-1))&&o.matched?l=t?o.end.to:o.end.from:l=t?i.to:i.from,k.cursor(l,t?-1:1)}var $g=n=>Ue(n,e=>Ns(n.state,
e,!he(n))),Ug=n=>Ue(n,e=>Ns(n.state,e,he(n)));function Hf(n,e){return Ue(n,t=>{if(!t.empty)return Is(t,e);let i=n.moveVertically(t,e);return i.head!=t.head?i:n.
moveToLineBoundary(t,e)})}var Vf=n=>Hf(n,!1),zf=n=>Hf(n,!0);function Qf(n){let e=n.scrollDOM.clientHeight<n.scrollDOM.scrollHeight-2,t=0,i=0,s;if(e){for(let r of n.
state.facet(P.scrollMargins)){let o=r(n);o?.top&&(t=Math.max(o?.top,t)),o?.bottom&&(i=Math.max(o?.bottom,i))}s=n.scrollDOM.clientHeight-t-i}else s=(n.dom.ownerDocument.
defaultView||window).innerHeight;return{marginTop:t,marginBottom:i,selfScroll:e,height:Math.max(n.defaultLineHeight,s-5)}}function qf(n,e){let t=Qf(n),{state:i}=n,
s=Ai(i.selection,o=>o.empty?n.moveVertically(o,e,t.height):Is(o,e));if(s.eq(i.selection))return!1;let r;if(t.selfScroll){let o=n.coordsAtPos(i.selection.main.head),
l=n.scrollDOM.getBoundingClientRect(),a=l.top+t.marginTop,h=l.bottom-t.marginBottom;o&&o.top>a&&o.bottom<h&&(r=P.scrollIntoView(s.main.head,{y:"start",yMargin:o.
top-a}))}return n.dispatch($e(i,s),{effects:r}),!0}var xf=n=>qf(n,!1),wl=n=>qf(n,!0);function Ot(n,e,t){let i=n.lineBlockAt(e.head),s=n.moveToLineBoundary(e,t);
if(s.head==e.head&&s.head!=(t?i.to:i.from)&&(s=n.moveToLineBoundary(e,t,!1)),!t&&s.head==i.from&&i.length){let r=/^\s*/.exec(n.state.sliceDoc(i.from,Math.min(i.
from+100,i.to)))[0].length;r&&e.head!=i.from+r&&(s=k.cursor(i.from+r))}return s}var Gg=n=>Ue(n,e=>Ot(n,e,!0)),Kg=n=>Ue(n,e=>Ot(n,e,!1)),Yg=n=>Ue(n,e=>Ot(n,e,!he(
n))),jg=n=>Ue(n,e=>Ot(n,e,he(n))),_g=n=>Ue(n,e=>n.moveToLineBoundary(e,!1,!1)),Zg=n=>Ue(n,e=>n.moveToLineBoundary(e,!0,!1));function Jg(n,e,t){let i=!1,s=Ai(n.selection,
r=>{let o=qe(n,r.head,-1)||qe(n,r.head,1)||r.head>0&&qe(n,r.head-1,1)||r.head<n.doc.length&&qe(n,r.head+1,-1);if(!o||!o.end)return r;i=!0;let l=o.start.from==r.
head?o.end.to:o.end.from;return t?k.range(r.anchor,l):k.cursor(l)});return i?(e($e(n,s)),!0):!1}var e0=({state:n,dispatch:e})=>Jg(n,e,!1);function We(n,e,t){let i=Ai(n.state.selection,s=>{s.undirectional&&s.head>=s.anchor!=e&&(s=k.range(s.head,s.anchor));let r=t(s);return k.range(s.anchor,r.head,r.
goalColumn,r.bidiLevel||void 0,r.assoc)});return i.eq(n.state.selection)?!1:(n.dispatch($e(n.state,i)),!0)}function Xf(n,e){return We(n,e,t=>n.moveByChar(t,e))}
var $f=n=>Xf(n,!he(n)),Uf=n=>Xf(n,he(n));function Gf(n,e){return We(n,e,t=>n.moveByGroup(t,e))}var t0=n=>Gf(n,!he(n)),i0=n=>Gf(n,he(n));var n0=n=>{let e=!he(n);return We(n,e,t=>Ns(n.state,t,e))},s0=n=>{let e=he(n);return We(n,e,t=>Ns(n.state,t,e))};function Kf(n,e){return We(n,e,t=>n.moveVertically(
t,e))}var Yf=n=>Kf(n,!1),jf=n=>Kf(n,!0);function _f(n,e){return We(n,e,t=>n.moveVertically(t,e,Qf(n).height))}var kf=n=>_f(n,!1),wf=n=>_f(n,!0),r0=n=>We(n,!0,e=>Ot(
n,e,!0)),o0=n=>We(n,!1,e=>Ot(n,e,!1)),l0=n=>{let e=!he(n);return We(n,e,t=>Ot(n,t,e))},a0=n=>{let e=he(n);return We(n,e,t=>Ot(n,t,e))},h0=n=>We(n,!1,e=>k.cursor(
n.lineBlockAt(e.head).from)),c0=n=>We(n,!0,e=>k.cursor(n.lineBlockAt(e.head).to)),vf=({state:n,dispatch:e})=>(e($e(n,{anchor:0})),!0),Sf=({state:n,dispatch:e})=>(e(
$e(n,{anchor:n.doc.length})),!0),Of=({state:n,dispatch:e})=>(e($e(n,{anchor:n.selection.main.anchor,head:0})),!0),Cf=({state:n,dispatch:e})=>(e($e(n,{anchor:n.selection.
main.anchor,head:n.doc.length})),!0),f0=({state:n,dispatch:e})=>(e(n.update({selection:{anchor:0,head:n.doc.length},userEvent:"select"})),!0),u0=({state:n,dispatch:e})=>{
let t=Ws(n).map(({from:i,to:s})=>k.undirectionalRange(i,Math.min(s+1,n.doc.length)));return e(n.update({selection:k.create(t),userEvent:"select"})),!0},d0=({state:n,
dispatch:e})=>{let t=Ai(n.selection,i=>{let s=ke(n),r=s.resolveStack(i.from,1);if(i.empty){let o=s.resolveStack(i.from,-1);o.node.from>=r.node.from&&o.node.to<=
r.node.to&&(r=o)}for(let o=r;o;o=o.next){let{node:l}=o;if((l.from<i.from&&l.to>=i.to||l.to>i.to&&l.from<=i.from)&&o.next)return k.undirectionalRange(l.from,l.to)}
return i});return t.eq(n.selection)?!1:(e($e(n,t)),!0)};function Zf(n,e){let{state:t}=n,i=t.selection,s=t.selection.ranges.slice();for(let r of t.selection.ranges){
let o=t.doc.lineAt(r.head);if(e?o.to<n.state.doc.length:o.from>0)for(let l=r;;){let a=n.moveVertically(l,e);if(a.head<o.from||a.head>o.to){s.some(h=>h.head==a.head)||
s.push(a);break}else{if(a.head==l.head)break;l=a}}}return s.length==i.ranges.length?!1:(n.dispatch($e(t,k.create(s,s.length-1))),!0)}var p0=n=>Zf(n,!1),m0=n=>Zf(
n,!0),g0=({state:n,dispatch:e})=>{let t=n.selection,i=null;return t.ranges.length>1?i=k.create([t.main]):t.main.empty||(i=k.create([k.cursor(t.main.head)])),i?(e(
$e(n,i)),!0):!1};function gn(n,e){if(n.state.readOnly)return!1;let t="delete.selection",{state:i}=n,s=i.changeByRange(r=>{let{from:o,to:l}=r;if(o==l){let a=e(r);
a<o?(t="delete.backward",a=Bs(n,a,!1)):a>o&&(t="delete.forward",a=Bs(n,a,!0)),o=Math.min(o,a),l=Math.max(l,a)}else o=Bs(n,o,!1),l=Bs(n,l,!0);return o==l?{range:r}:
{changes:{from:o,to:l},range:k.cursor(o,o<r.head?-1:1)}});return s.changes.empty?!1:(n.dispatch(i.update(s,{scrollIntoView:!0,userEvent:t,effects:t=="delete.sel\
ection"?P.announce.of(i.phrase("Selection deleted")):void 0})),!0)}function Bs(n,e,t){if(n instanceof P)for(let i of n.state.facet(P.atomicRanges).map(s=>s(n)))
i.between(e,e,(s,r)=>{s<e&&r>e&&(e=t?r:s)});return e}var Jf=(n,e,t)=>gn(n,i=>{let s=i.from,{state:r}=n,o=r.doc.lineAt(s),l,a;if(t&&!e&&s>o.from&&s<o.from+200&&!/[^ \t]/.
test(l=o.text.slice(0,s-o.from))){if(l[l.length-1]=="	")return s-1;let h=mt(l,r.tabSize),c=h%dn(r)||dn(r);for(let f=0;f<c&&l[l.length-1-f]==" ";f++)s--;a=s}else
a=_(o.text,s-o.from,e,e)+o.from,a==s&&o.number!=(e?r.doc.lines:1)?a+=e?1:-1:!e&&/[\ufe00-\ufe0f]/.test(o.text.slice(a-o.from,s-o.from))&&(a=_(o.text,a-o.from,!1,
!1)+o.from);return a}),vl=n=>Jf(n,!1,!0);var eu=n=>Jf(n,!0,!1),tu=(n,e)=>gn(n,t=>{let i=t.head,{state:s}=n,r=s.doc.lineAt(i),o=s.charCategorizer(i);for(let l=null;;){if(i==(e?r.to:r.from)){i==t.head&&r.
number!=(e?s.doc.lines:1)&&(i+=e?1:-1);break}let a=_(r.text,i-r.from,e)+r.from,h=r.text.slice(Math.min(i,a)-r.from,Math.max(i,a)-r.from),c=o(h);if(l!=null&&c!=l)
break;(h!=" "||i!=t.head)&&(l=c),i=a}return i}),iu=n=>tu(n,!1),b0=n=>tu(n,!0);var y0=n=>gn(n,e=>{let t=n.lineBlockAt(e.head).to;return e.head<t?t:Math.min(n.state.doc.length,e.head+1)});var x0=n=>gn(n,e=>{let t=n.moveToLineBoundary(e,!1).head;return e.head>t?t:Math.max(0,e.head-1)}),k0=n=>gn(n,e=>{let t=n.moveToLineBoundary(e,!0).head;return e.
head<t?t:Math.min(n.state.doc.length,e.head+1)});var w0=({state:n,dispatch:e})=>{if(n.readOnly)return!1;let t=n.changeByRange(i=>({changes:{from:i.from,to:i.to,insert:W.of(["",""])},range:k.cursor(i.from)}));return e(
n.update(t,{scrollIntoView:!0,userEvent:"input"})),!0},v0=({state:n,dispatch:e})=>{if(n.readOnly)return!1;let t=n.changeByRange(i=>{if(!i.empty||i.from==0||i.from==
n.doc.length)return{range:i};let s=i.from,r=n.doc.lineAt(s),o=s==r.from?s-1:_(r.text,s-r.from,!1)+r.from,l=s==r.to?s+1:_(r.text,s-r.from,!0)+r.from;return{changes:{
from:o,to:l,insert:n.doc.slice(s,l).append(n.doc.slice(o,s))},range:k.cursor(l)}});return t.changes.empty?!1:(e(n.update(t,{scrollIntoView:!0,userEvent:"move.ch\
aracter"})),!0)};function Ws(n){let e=[],t=-1;for(let i of n.selection.ranges){let s=n.doc.lineAt(i.from),r=n.doc.lineAt(i.to);if(!i.empty&&i.to==r.from&&(r=n.doc.
lineAt(i.to-1)),t>=s.number){let o=e[e.length-1];o.to=r.to,o.ranges.push(i)}else e.push({from:s.from,to:r.to,ranges:[i]});t=r.number+1}return e}function nu(n,e,t){
if(n.readOnly)return!1;let i=[],s=[];for(let r of Ws(n)){if(t?r.to==n.doc.length:r.from==0)continue;let o=n.doc.lineAt(t?r.to+1:r.from-1),l=o.length+1;if(t){i.push(
{from:r.to,to:o.to},{from:r.from,insert:o.text+n.lineBreak});for(let a of r.ranges)s.push(k.range(Math.min(n.doc.length,a.anchor+l),Math.min(n.doc.length,a.head+
l)))}else{i.push({from:o.from,to:r.from},{from:r.to,insert:n.lineBreak+o.text});for(let a of r.ranges)s.push(k.range(a.anchor-l,a.head-l))}}return i.length?(e(n.
update({changes:i,scrollIntoView:!0,selection:k.create(s,n.selection.mainIndex),userEvent:"move.line"})),!0):!1}var S0=({state:n,dispatch:e})=>nu(n,e,!1),O0=({state:n,
dispatch:e})=>nu(n,e,!0);function su(n,e,t){if(n.readOnly)return!1;let i=[];for(let r of Ws(n))t?i.push({from:r.from,insert:n.doc.slice(r.from,r.to)+n.lineBreak}):
i.push({from:r.to,insert:n.lineBreak+n.doc.slice(r.from,r.to)});let s=n.changes(i);return e(n.update({changes:s,selection:n.selection.map(s,t?1:-1),scrollIntoView:!0,
userEvent:"input.copyline"})),!0}var C0=({state:n,dispatch:e})=>su(n,e,!1),A0=({state:n,dispatch:e})=>su(n,e,!0),M0=n=>{if(n.state.readOnly)return!1;let{state:e}=n,
t=e.changes(Ws(e).map(({from:s,to:r})=>(s>0?s--:r<e.doc.length&&r++,{from:s,to:r}))),i=Ai(e.selection,s=>{let r;if(n.lineWrapping){let o=n.lineBlockAt(s.head),l=n.
coordsAtPos(s.head,s.assoc||1);l&&(r=o.bottom+n.documentTop-l.bottom+n.defaultLineHeight/2)}return n.moveVertically(s,!0,r)}).map(t);return n.dispatch({changes:t,
selection:i,scrollIntoView:!0,userEvent:"delete.line"}),!0};function P0(n,e){if(/\(\)|\[\]|\{\}/.test(n.sliceDoc(e-1,e+1)))return{from:e,to:e};let t=ke(n).resolveInner(e),i=t.childBefore(e),s=t.childAfter(e),r;return i&&
s&&i.to<=e&&s.from>=e&&(r=i.type.prop(B.closedBy))&&r.indexOf(s.name)>-1&&n.doc.lineAt(i.to).from==n.doc.lineAt(s.from).from&&!/\S/.test(n.sliceDoc(i.to,s.from))?
{from:i.to,to:s.from}:null}var Af=ru(!1),T0=ru(!0);function ru(n){return({state:e,dispatch:t})=>{if(e.readOnly)return!1;let i=e.changeByRange(s=>{let{from:r,to:o}=s,
l=e.doc.lineAt(r),a=!n&&r==o&&P0(e,r);n&&(r=o=(o<=l.to?l:e.doc.lineAt(o)).to);let h=new Xt(e,{simulateBreak:r,simulateDoubleBreak:!!a}),c=Ds(h,r);for(c==null&&(c=
mt(/^\s*/.exec(e.doc.lineAt(r).text)[0],e.tabSize));o<l.to&&/\s/.test(l.text[o-l.from]);)o++;a?{from:r,to:o}=a:r>l.from&&r<l.from+100&&!/\S/.test(l.text.slice(0,
r))&&(r=l.from);let f=["",Ci(e,c)];return a&&f.push(Ci(e,h.lineIndent(l.from,-1))),{changes:{from:r,to:o,insert:W.of(f)},range:k.cursor(r+1+f[1].length)}});return t(
e.update(i,{scrollIntoView:!0,userEvent:"input"})),!0}}function Cl(n,e){let t=-1;return n.changeByRange(i=>{let s=[];for(let o=i.from;o<=i.to;){let l=n.doc.lineAt(
o);l.number>t&&(i.empty||i.to>l.from)&&(e(l,s,i),t=l.number),o=l.to+1}let r=n.changes(s);return{changes:s,range:k.range(r.mapPos(i.anchor,1),r.mapPos(i.head,1))}})}
var D0=({state:n,dispatch:e})=>{if(n.readOnly)return!1;let t=Object.create(null),i=new Xt(n,{overrideIndentation:r=>{let o=t[r];return o??-1}}),s=Cl(n,(r,o,l)=>{
let a=Ds(i,r.from);if(a==null)return;/\S/.test(r.text)||(a=0);let h=/^\s*/.exec(r.text)[0],c=Ci(n,a);(h!=c||l.from<r.from+h.length)&&(t[r.from]=a,o.push({from:r.
from,to:r.from+h.length,insert:c}))});return s.changes.empty||e(n.update(s,{userEvent:"indent"})),!0},ou=({state:n,dispatch:e})=>n.readOnly?!1:(e(n.update(Cl(n,
(t,i)=>{i.push({from:t.from,insert:n.facet(Oi)})}),{userEvent:"input.indent"})),!0),lu=({state:n,dispatch:e})=>n.readOnly?!1:(e(n.update(Cl(n,(t,i)=>{let s=/^\s*/.
exec(t.text)[0];if(!s)return;let r=mt(s,n.tabSize),o=0,l=Ci(n,Math.max(0,r-dn(n)));for(;o<s.length&&o<l.length&&s.charCodeAt(o)==l.charCodeAt(o);)o++;i.push({from:t.
from+o,to:t.from+s.length,insert:l.slice(o)})}),{userEvent:"delete.dedent"})),!0),R0=n=>(n.setTabFocusMode(),!0);var B0=[{key:"Ctrl-b",run:Nf,shift:$f,preventDefault:!0},{key:"Ctrl-f",run:Wf,shift:Uf},{key:"Ctrl-p",run:Vf,shift:Yf},{key:"Ctrl-n",run:zf,shift:jf},{key:"Ctrl\
-a",run:_g,shift:h0},{key:"Ctrl-e",run:Zg,shift:c0},{key:"Ctrl-d",run:eu},{key:"Ctrl-h",run:vl},{key:"Ctrl-k",run:y0},{key:"Ctrl-Alt-h",run:iu},{key:"Ctrl-o",run:w0},
{key:"Ctrl-t",run:v0},{key:"Ctrl-v",run:wl}],E0=[{key:"ArrowLeft",run:Nf,shift:$f,preventDefault:!0},{key:"Mod-ArrowLeft",mac:"Alt-ArrowLeft",run:Qg,shift:t0,preventDefault:!0},
{mac:"Cmd-ArrowLeft",run:Yg,shift:l0,preventDefault:!0},{key:"ArrowRight",run:Wf,shift:Uf,preventDefault:!0},{key:"Mod-ArrowRight",mac:"Alt-ArrowRight",run:qg,shift:i0,
preventDefault:!0},{mac:"Cmd-ArrowRight",run:jg,shift:a0,preventDefault:!0},{key:"ArrowUp",run:Vf,shift:Yf,preventDefault:!0},{mac:"Cmd-ArrowUp",run:vf,shift:Of},
{mac:"Ctrl-ArrowUp",run:xf,shift:kf},{key:"ArrowDown",run:zf,shift:jf,preventDefault:!0},{mac:"Cmd-ArrowDown",run:Sf,shift:Cf},{mac:"Ctrl-ArrowDown",run:wl,shift:wf},
{key:"PageUp",run:xf,shift:kf},{key:"PageDown",run:wl,shift:wf},{key:"Home",run:Kg,shift:o0,preventDefault:!0},{key:"Mod-Home",run:vf,shift:Of},{key:"End",run:Gg,
shift:r0,preventDefault:!0},{key:"Mod-End",run:Sf,shift:Cf},{key:"Enter",run:Af,shift:Af},{key:"Mod-a",run:f0},{key:"Backspace",run:vl,shift:vl,preventDefault:!0},
{key:"Delete",run:eu,preventDefault:!0},{key:"Mod-Backspace",mac:"Alt-Backspace",run:iu,preventDefault:!0},{key:"Mod-Delete",mac:"Alt-Delete",run:b0,preventDefault:!0},
{mac:"Mod-Backspace",run:x0,preventDefault:!0},{mac:"Mod-Delete",run:k0,preventDefault:!0}].concat(B0.map(n=>({mac:n.key,run:n.run,shift:n.shift}))),au=[{key:"A\
lt-ArrowLeft",mac:"Ctrl-ArrowLeft",run:$g,shift:n0},{key:"Alt-ArrowRight",mac:"Ctrl-ArrowRight",run:Ug,shift:s0},{key:"Alt-ArrowUp",run:S0},{key:"Shift-Alt-Arro\
wUp",run:C0},{key:"Alt-ArrowDown",run:O0},{key:"Shift-Alt-ArrowDown",run:A0},{key:"Mod-Alt-ArrowUp",run:p0},{key:"Mod-Alt-ArrowDown",run:m0},{key:"Escape",run:g0},
{key:"Mod-Enter",run:T0},{key:"Alt-l",mac:"Ctrl-l",run:u0},{key:"Mod-i",run:d0,preventDefault:!0},{key:"Mod-[",run:lu},{key:"Mod-]",run:ou},{key:"Mod-Alt-\\",run:D0},
{key:"Shift-Mod-k",run:M0},{key:"Shift-Mod-\\",run:e0},{key:"Mod-/",run:Cg},{key:"Alt-A",mac:"Ctrl-A",run:Mg},{key:"Ctrl-m",mac:"Shift-Alt-m",run:R0}].concat(E0),
hu={key:"Tab",run:ou,shift:lu};var Pl=class n{constructor(e,t,i,s,r,o,l,a,h,c=0,f){this.p=e,this.stack=t,this.state=i,this.reducePos=s,this.pos=r,this.score=o,this.buffer=l,this.bufferBase=a,
this.curContext=h,this.lookAhead=c,this.parent=f}toString(){return`[${this.stack.filter((e,t)=>t%3==0).concat(this.state)}]@${this.pos}${this.score?"!"+this.score:
""}`}static start(e,t,i=0){let s=e.parser.context;return new n(e,[],t,i,i,0,[],0,s?new Fs(s,s.start):null,0,null)}get context(){return this.curContext?this.curContext.
context:null}pushState(e,t){this.stack.push(this.state,t,this.bufferBase+this.buffer.length),this.state=e}reduce(e){var t;let i=e>>19,s=e&65535,{parser:r}=this.
p,o=this.reducePos<this.pos-25&&this.setLookAhead(this.pos),l=r.dynamicPrecedence(s);if(l&&(this.score+=l),i==0){s<r.minRepeatTerm&&this.reducePos<this.pos&&(this.
reducePos=this.pos),this.pushState(r.getGoto(this.state,s,!0),this.reducePos),s<r.minRepeatTerm&&this.storeNode(s,this.reducePos,this.reducePos,o?8:4,!0),this.reduceContext(
s,this.reducePos);return}let a=this.stack.length-(i-1)*3-(e&262144?6:0),h=a?this.stack[a-2]:this.p.ranges[0].from;s<r.minRepeatTerm&&h==this.reducePos&&this.reducePos<
this.pos&&(this.reducePos=this.pos);let c=this.reducePos-h;c>=2e3&&!(!((t=this.p.parser.nodeSet.types[s])===null||t===void 0)&&t.isAnonymous)&&(h==this.p.lastBigReductionStart?
(this.p.bigReductionCount++,this.p.lastBigReductionSize=c):this.p.lastBigReductionSize<c&&(this.p.bigReductionCount=1,this.p.lastBigReductionStart=h,this.p.lastBigReductionSize=
c));let f=a?this.stack[a-1]:0,u=this.bufferBase+this.buffer.length-f;if(s<r.minRepeatTerm||e&131072){let d=r.stateFlag(this.state,1)?this.pos:this.reducePos;this.
storeNode(s,h,d,u+4,!0)}if(e&262144)this.state=this.stack[a];else{let d=this.stack[a-3];this.state=r.getGoto(d,s,!0)}for(;this.stack.length>a;)this.stack.pop();
this.reduceContext(s,h)}storeNode(e,t,i,s=4,r=!1){if(e==0&&(!this.stack.length||this.stack[this.stack.length-1]<this.buffer.length+this.bufferBase)){let o=this.
buffer.length;if(o>0&&this.buffer[o-4]==0&&this.buffer[o-1]>-1){if(t==i)return;if(this.buffer[o-2]>=t){this.buffer[o-2]=i;return}}}if(!r||this.pos==i)this.buffer.
push(e,t,i,s);else{let o=this.buffer.length;if(o>0&&(this.buffer[o-4]!=0||this.buffer[o-1]<0)){let l=!1;for(let a=o;a>0&&this.buffer[a-2]>i;a-=4)if(this.buffer[a-
1]>=0){l=!0;break}if(l)for(;o>0&&this.buffer[o-2]>i;)this.buffer[o]=this.buffer[o-4],this.buffer[o+1]=this.buffer[o-3],this.buffer[o+2]=this.buffer[o-2],this.buffer[o+
3]=this.buffer[o-1],o-=4,s>4&&(s-=4)}this.buffer[o]=e,this.buffer[o+1]=t,this.buffer[o+2]=i,this.buffer[o+3]=s}}shift(e,t,i,s){if(e&131072)this.pushState(e&65535,
this.pos);else if((e&262144)==0){let r=e,{parser:o}=this.p;this.pos=s;let l=o.stateFlag(r,1);!l&&(s>i||t<=o.maxNode)&&(this.reducePos=s),this.pushState(r,l?i:Math.
min(i,this.reducePos)),this.shiftContext(t,i),t<=o.maxNode&&this.buffer.push(t,i,s,4)}else this.pos=s,this.shiftContext(t,i),t<=this.p.parser.maxNode&&this.buffer.
push(t,i,s,4)}apply(e,t,i,s){e&65536?this.reduce(e):this.shift(e,t,i,s)}useNode(e,t,i){let s=this.p.reused.length-1;(s<0||this.p.reused[s]!=e)&&(this.p.reused.push(
e),s++);let r=this.reducePos=this.pos=i+e.length;this.pushState(t,i),this.buffer.push(s,i,r,-1),this.curContext&&this.updateContext(this.curContext.tracker.reuse(
this.curContext.context,e,this,this.p.stream.reset(this.pos-e.length)))}split(){let e=this,t=e.buffer.length;for(t&&e.buffer[t-4]==0&&(t-=4);t>0&&e.buffer[t-2]>
e.reducePos;)t-=4;let i=e.buffer.slice(t),s=e.bufferBase+t;for(;e&&s==e.bufferBase;)e=e.parent;return new n(this.p,this.stack.slice(),this.state,this.reducePos,
this.pos,this.score,i,s,this.curContext,this.lookAhead,e)}recoverByDelete(e,t){let i=e<=this.p.parser.maxNode;i&&this.storeNode(e,this.pos,t,4),this.storeNode(0,
this.pos,t,i?8:4),this.pos=this.reducePos=t,this.score-=190}canShift(e){for(let t=new Tl(this);;){let i=this.p.parser.stateSlot(t.state,4)||this.p.parser.hasAction(
t.state,e);if(i==0)return!1;if((i&65536)==0)return!0;t.reduce(i)}}recoverByInsert(e){if(this.stack.length>=300)return[];let t=this.p.parser.nextStates(this.state);
if(t.length>8||this.stack.length>=120){let s=[];for(let r=0,o;r<t.length;r+=2)(o=t[r+1])!=this.state&&this.p.parser.hasAction(o,e)&&s.push(t[r],o);if(this.stack.
length<120)for(let r=0;s.length<8&&r<t.length;r+=2){let o=t[r+1];s.some((l,a)=>a&1&&l==o)||s.push(t[r],o)}t=s}let i=[];for(let s=0;s<t.length&&i.length<4;s+=2){
let r=t[s+1];if(r==this.state)continue;let o=this.split();o.pushState(r,this.pos),o.storeNode(0,o.pos,o.pos,4,!0),o.shiftContext(t[s],this.pos),o.reducePos=this.
pos,o.score-=200,i.push(o)}return i}forceReduce(){let{parser:e}=this.p,t=e.stateSlot(this.state,5);if((t&65536)==0)return!1;if(!e.validAction(this.state,t)){let i=t>>
19,s=t&65535,r=this.stack.length-i*3;if(r<0||e.getGoto(this.stack[r],s,!1)<0){let o=this.findForcedReduction();if(o==null)return!1;t=o}this.storeNode(0,this.pos,
this.pos,4,!0),this.score-=100}return this.reducePos=this.pos,this.reduce(t),!0}findForcedReduction(){let{parser:e}=this.p,t=[],i=(s,r)=>{if(!t.includes(s))return t.
push(s),e.allActions(s,o=>{if(!(o&393216))if(o&65536){let l=(o>>19)-r;if(l>1){let a=o&65535,h=this.stack.length-l*3;if(h>=0&&e.getGoto(this.stack[h],a,!1)>=0)return l<<
19|65536|a}}else{let l=i(o,r+1);if(l!=null)return l}})};return i(this.state,0)}forceAll(){for(;!this.p.parser.stateFlag(this.state,2);)if(!this.forceReduce()){this.
storeNode(0,this.pos,this.pos,4,!0);break}return this}get deadEnd(){if(this.stack.length!=3)return!1;let{parser:e}=this.p;return e.data[e.stateSlot(this.state,1)]==
65535&&!e.stateSlot(this.state,4)}restart(){this.storeNode(0,this.pos,this.pos,4,!0),this.state=this.stack[0],this.stack.length=0}sameState(e){if(this.state!=e.
state||this.stack.length!=e.stack.length)return!1;for(let t=0;t<this.stack.length;t+=3)if(this.stack[t]!=e.stack[t])return!1;return!0}get parser(){return this.p.
parser}dialectEnabled(e){return this.p.parser.dialect.flags[e]}shiftContext(e,t){this.curContext&&this.updateContext(this.curContext.tracker.shift(this.curContext.
context,e,this,this.p.stream.reset(t)))}reduceContext(e,t){this.curContext&&this.updateContext(this.curContext.tracker.reduce(this.curContext.context,e,this,this.
p.stream.reset(t)))}emitContext(){let e=this.buffer.length-1;(e<0||this.buffer[e]!=-3)&&this.storeNode(this.curContext.hash,this.reducePos,this.reducePos,-3,!0)}emitLookAhead(){
let e=this.buffer.length-1;(e<0||this.buffer[e]!=-4)&&this.buffer.push(this.lookAhead,this.pos,this.pos,-4)}updateContext(e){if(e!=this.curContext.context){let t=new Fs(
this.curContext.tracker,e);t.hash!=this.curContext.hash&&this.emitContext(),this.curContext=t}}setLookAhead(e){return e<=this.lookAhead?!1:(this.emitLookAhead(),
this.lookAhead=e,!0)}close(){this.curContext&&this.curContext.tracker.strict&&this.emitContext(),this.lookAhead>0&&this.emitLookAhead()}},Fs=class{constructor(e,t){
this.tracker=e,this.context=t,this.hash=e.strict?e.hash(t):0}},Tl=class{constructor(e){this.start=e,this.state=e.state,this.stack=e.stack,this.base=this.stack.length}reduce(e){
let t=e&65535,i=e>>19;i==0?(this.stack==this.start.stack&&(this.stack=this.stack.slice()),this.stack.push(this.state,0,0),this.base+=3):this.base-=(i-1)*3;let s=this.
start.p.parser.getGoto(this.stack[this.base-3],t,!0);this.state=s}},Dl=class n{constructor(e,t,i){this.stack=e,this.pos=t,this.index=i,this.buffer=e.buffer,this.
index==0&&this.maybeNext()}static create(e,t=e.bufferBase+e.buffer.length){return new n(e,t,t-e.bufferBase)}maybeNext(){let e=this.stack.parent;e!=null&&(this.index=
this.stack.bufferBase-e.bufferBase,this.stack=e,this.buffer=e.buffer)}get id(){return this.buffer[this.index-4]}get start(){return this.buffer[this.index-3]}get end(){
return this.buffer[this.index-2]}get size(){return this.buffer[this.index-1]}next(){this.index-=4,this.pos-=4,this.index==0&&this.maybeNext()}fork(){return new n(
this.stack,this.pos,this.index)}};function bn(n,e=Uint16Array){if(typeof n!="string")return n;let t=null;for(let i=0,s=0;i<n.length;){let r=0;for(;;){let o=n.charCodeAt(
i++),l=!1;if(o==126){r=65535;break}o>=92&&o--,o>=34&&o--;let a=o-32;if(a>=46&&(a-=46,l=!0),r+=a,l)break;r*=46}t?t[s++]=r:t=new e(r)}return t}var Mi=class{constructor(){
this.start=-1,this.value=-1,this.end=-1,this.extended=-1,this.lookAhead=0,this.mask=0,this.context=0}},cu=new Mi,Rl=class{constructor(e,t){this.input=e,this.ranges=
t,this.chunk="",this.chunkOff=0,this.chunk2="",this.chunk2Pos=0,this.next=-1,this.token=cu,this.rangeIndex=0,this.pos=this.chunkPos=t[0].from,this.range=t[0],this.
end=t[t.length-1].to,this.readNext()}resolveOffset(e,t){let i=this.range,s=this.rangeIndex,r=this.pos+e;for(;r<i.from;){if(!s)return null;let o=this.ranges[--s];
r-=i.from-o.to,i=o}for(;t<0?r>i.to:r>=i.to;){if(s==this.ranges.length-1)return null;let o=this.ranges[++s];r+=o.from-i.to,i=o}return r}clipPos(e){if(e>=this.range.
from&&e<this.range.to)return e;for(let t of this.ranges)if(t.to>e)return Math.max(e,t.from);return this.end}peek(e){let t=this.chunkOff+e,i,s;if(t>=0&&t<this.chunk.
length)i=this.pos+e,s=this.chunk.charCodeAt(t);else{let r=this.resolveOffset(e,1);if(r==null)return-1;if(i=r,i>=this.chunk2Pos&&i<this.chunk2Pos+this.chunk2.length)
s=this.chunk2.charCodeAt(i-this.chunk2Pos);else{let o=this.rangeIndex,l=this.range;for(;l.to<=i;)l=this.ranges[++o];this.chunk2=this.input.chunk(this.chunk2Pos=
i),i+this.chunk2.length>l.to&&(this.chunk2=this.chunk2.slice(0,l.to-i)),s=this.chunk2.charCodeAt(0)}}return i>=this.token.lookAhead&&(this.token.lookAhead=i+1),
s}acceptToken(e,t=0){let i=t?this.resolveOffset(t,-1):this.pos;if(i==null||i<this.token.start)throw new RangeError("Token end out of bounds");this.token.value=e,
this.token.end=i}acceptTokenTo(e,t){this.token.value=e,this.token.end=t}getChunk(){if(this.pos>=this.chunk2Pos&&this.pos<this.chunk2Pos+this.chunk2.length){let{
chunk:e,chunkPos:t}=this;this.chunk=this.chunk2,this.chunkPos=this.chunk2Pos,this.chunk2=e,this.chunk2Pos=t,this.chunkOff=this.pos-this.chunkPos}else{this.chunk2=
this.chunk,this.chunk2Pos=this.chunkPos;let e=this.input.chunk(this.pos),t=this.pos+e.length;this.chunk=t>this.range.to?e.slice(0,this.range.to-this.pos):e,this.
chunkPos=this.pos,this.chunkOff=0}}readNext(){return this.chunkOff>=this.chunk.length&&(this.getChunk(),this.chunkOff==this.chunk.length)?this.next=-1:this.next=
this.chunk.charCodeAt(this.chunkOff)}advance(e=1){for(this.chunkOff+=e;this.pos+e>=this.range.to;){if(this.rangeIndex==this.ranges.length-1)return this.setDone();
e-=this.range.to-this.pos,this.range=this.ranges[++this.rangeIndex],this.pos=this.range.from}return this.pos+=e,this.pos>=this.token.lookAhead&&(this.token.lookAhead=
this.pos+1),this.readNext()}setDone(){return this.pos=this.chunkPos=this.end,this.range=this.ranges[this.rangeIndex=this.ranges.length-1],this.chunk="",this.next=
-1}reset(e,t){if(t?(this.token=t,t.start=e,t.lookAhead=e+1,t.value=t.extended=-1):this.token=cu,this.pos!=e){if(this.pos=e,e==this.end)return this.setDone(),this;
for(;e<this.range.from;)this.range=this.ranges[--this.rangeIndex];for(;e>=this.range.to;)this.range=this.ranges[++this.rangeIndex];e>=this.chunkPos&&e<this.chunkPos+
this.chunk.length?this.chunkOff=e-this.chunkPos:(this.chunk="",this.chunkOff=0),this.readNext()}return this}read(e,t){if(e>=this.chunkPos&&t<=this.chunkPos+this.
chunk.length)return this.chunk.slice(e-this.chunkPos,t-this.chunkPos);if(e>=this.chunk2Pos&&t<=this.chunk2Pos+this.chunk2.length)return this.chunk2.slice(e-this.
chunk2Pos,t-this.chunk2Pos);if(e>=this.range.from&&t<=this.range.to)return this.input.read(e,t);let i="";for(let s of this.ranges){if(s.from>=t)break;s.to>e&&(i+=
this.input.read(Math.max(s.from,e),Math.min(s.to,t)))}return i}},Ct=class{constructor(e,t){this.data=e,this.id=t}token(e,t){let{parser:i}=t.p;mu(this.data,e,t,this.
id,i.data,i.tokenPrecTable)}};Ct.prototype.contextual=Ct.prototype.fallback=Ct.prototype.extend=!1;var Bl=class{constructor(e,t,i){this.precTable=t,this.elseToken=
i,this.data=typeof e=="string"?bn(e):e}token(e,t){let i=e.pos,s=0;for(;;){let r=e.next<0,o=e.resolveOffset(1,1);if(mu(this.data,e,t,0,this.data,this.precTable),
e.token.value>-1)break;if(this.elseToken==null)return;if(r||s++,o==null)break;e.reset(o,e.token)}s&&(e.reset(i,e.token),e.acceptToken(this.elseToken,s))}};Bl.prototype.
contextual=Ct.prototype.fallback=Ct.prototype.extend=!1;var Gt=class{constructor(e,t={}){this.token=e,this.contextual=!!t.contextual,this.fallback=!!t.fallback,
this.extend=!!t.extend}};function mu(n,e,t,i,s,r){let o=0,l=1<<i,{dialect:a}=t.p.parser;e:for(;(l&n[o])!=0;){let h=n[o+1];for(let d=o+3;d<h;d+=2)if((n[d+1]&l)>0){
let p=n[d];if(a.allows(p)&&(e.token.value==-1||e.token.value==p||I0(p,e.token.value,s,r))){e.acceptToken(p);break}}let c=e.next,f=0,u=n[o+2];if(e.next<0&&u>f&&n[h+
u*3-3]==65535){o=n[h+u*3-1];continue e}for(;f<u;){let d=f+u>>1,p=h+d+(d<<1),m=n[p],g=n[p+1]||65536;if(c<m)u=d;else if(c>=g)f=d+1;else{o=n[p+2],e.advance();continue e}}
break}}function fu(n,e,t){for(let i=e,s;(s=n[i])!=65535;i++)if(s==t)return i-e;return-1}function I0(n,e,t,i){let s=fu(t,i,e);return s<0||fu(t,i,n)<s}var Me=typeof process<
"u"&&process.env&&/\bparse\b/.test(process.env.LOG),Al=null;function uu(n,e,t){let i=n.cursor(j.IncludeAnonymous);for(i.moveTo(e);;)if(!(t<0?i.childBefore(e):i.
childAfter(e)))for(;;){if((t<0?i.to<e:i.from>e)&&!i.type.isError)return t<0?Math.max(0,Math.min(i.to-1,e-25)):Math.min(n.length,Math.max(i.from+1,e+25));if(t<0?
i.prevSibling():i.nextSibling())break;if(!i.parent())return t<0?0:n.length}}var El=class{constructor(e,t){this.fragments=e,this.minRepeat=t,this.i=0,this.fragment=
null,this.safeFrom=-1,this.safeTo=-1,this.trees=[],this.start=[],this.index=[],this.lastRepeat=null,this.lastRepeatPos=-1,this.nextFragment()}nextFragment(){let e=this.
fragment=this.i==this.fragments.length?null:this.fragments[this.i++];if(e){for(this.safeFrom=e.openStart?uu(e.tree,e.from+e.offset,1)-e.offset:e.from,this.safeTo=
e.openEnd?uu(e.tree,e.to+e.offset,-1)-e.offset:e.to;this.trees.length;)this.trees.pop(),this.start.pop(),this.index.pop();this.trees.push(e.tree),this.start.push(
-e.offset),this.index.push(0),this.nextStart=this.safeFrom}else this.nextStart=1e9}nodeAt(e){if(e<this.nextStart)return null;for(;this.fragment&&this.safeTo<=e;)
this.nextFragment();if(!this.fragment)return null;for(;;){let t=this.trees.length-1;if(t<0)return this.nextFragment(),null;if(e<this.safeFrom)return null;let i=this.
trees[t],s=this.index[t];if(s==i.children.length){this.trees.pop(),this.start.pop(),this.index.pop();continue}let r=i.children[s],o=this.start[t]+i.positions[s];
if(o>e)return this.nextStart=o,null;if(r instanceof J){let l=o>this.lastRepeatPos&&r.type.id>=this.minRepeat;if(o==e||l){let a=o+r.length,h;if(o>=this.safeFrom&&
a<=this.safeTo&&(!(h=r.prop(B.lookAhead))||a+h<this.fragment.to)&&(l&&(this.lastRepeat=r,this.lastRepeatPos=o),o==e))return r}this.index[t]++,o+r.length>=Math.max(
this.safeFrom,e)&&(this.trees.push(r),this.start.push(o),this.index.push(0))}else this.index[t]++,this.nextStart=o+r.length}}},Ll=class{constructor(e,t){this.stream=
t,this.tokens=[],this.mainToken=null,this.actions=[],this.tokens=e.tokenizers.map(i=>new Mi)}getActions(e){let t=0,i=null,{parser:s}=e.p,{tokenizers:r}=s,o=s.stateSlot(
e.state,3),l=e.curContext?e.curContext.hash:0,a=0;for(let h=0;h<r.length;h++){if((1<<h&o)==0)continue;let c=r[h],f=this.tokens[h];if(!(i&&!c.fallback)&&((c.contextual||
f.start!=e.pos||f.mask!=o||f.context!=l)&&(this.updateCachedToken(f,c,e),f.mask=o,f.context=l),f.lookAhead>f.end+25&&(a=Math.max(f.lookAhead,a)),f.value!=0)){let u=t;
if(f.extended>-1&&(t=this.addActions(e,f.extended,f.end,t)),t=this.addActions(e,f.value,f.end,t),!c.extend&&(i=f,t>u))break}}for(;this.actions.length>t;)this.actions.
pop();return a&&e.setLookAhead(a),!i&&e.pos==this.stream.end&&(i=new Mi,i.value=e.p.parser.eofTerm,i.start=i.end=e.pos,t=this.addActions(e,i.value,i.end,t)),this.
mainToken=i,this.actions}getMainToken(e){if(this.mainToken)return this.mainToken;let t=new Mi,{pos:i,p:s}=e;return t.start=i,t.end=Math.min(i+1,s.stream.end),t.
value=i==s.stream.end?s.parser.eofTerm:0,t}updateCachedToken(e,t,i){let s=this.stream.clipPos(i.pos);if(t.token(this.stream.reset(s,e),i),e.value>-1){let{parser:r}=i.
p;for(let o=0;o<r.specialized.length;o++)if(r.specialized[o]==e.value){let l=r.specializers[o](this.stream.read(e.start,e.end),i);if(l>=0&&i.p.parser.dialect.allows(
l>>1)){(l&1)==0?e.value=l>>1:e.extended=l>>1;break}}}else e.value=0,e.end=this.stream.clipPos(s+1)}putAction(e,t,i,s){for(let r=0;r<s;r+=3)if(this.actions[r]==e)
return s;return this.actions[s++]=e,this.actions[s++]=t,this.actions[s++]=i,s}addActions(e,t,i,s){let{state:r}=e,{parser:o}=e.p,{data:l}=o;for(let a=0;a<2;a++)for(let h=o.
stateSlot(r,a?2:1);;h+=3){if(l[h]==65535)if(l[h+1]==1)h=ct(l,h+2);else{s==0&&l[h+1]==2&&(s=this.putAction(ct(l,h+2),t,i,s));break}l[h]==t&&(s=this.putAction(ct(
l,h+1),t,i,s))}return s}},Il=class{constructor(e,t,i,s){this.parser=e,this.input=t,this.ranges=s,this.recovering=0,this.nextStackID=9812,this.minStackPos=0,this.
reused=[],this.stoppedAt=null,this.lastBigReductionStart=-1,this.lastBigReductionSize=0,this.bigReductionCount=0,this.stream=new Rl(t,s),this.tokens=new Ll(e,this.
stream),this.topTerm=e.top[1];let{from:r}=s[0];this.stacks=[Pl.start(this,e.top[0],r)],this.fragments=i.length&&this.stream.end-r>e.bufferLength*4?new El(i,e.minRepeatTerm):
null}get parsedPos(){return this.minStackPos}advance(){let e=this.stacks,t=this.minStackPos,i=this.stacks=[],s,r;if(this.bigReductionCount>300&&e.length==1){let[
o]=e;for(;o.forceReduce()&&o.stack.length&&o.stack[o.stack.length-2]>=this.lastBigReductionStart;);this.bigReductionCount=this.lastBigReductionSize=0}for(let o=0;o<
e.length;o++){let l=e[o];for(;;){if(this.tokens.mainToken=null,l.pos>t)i.push(l);else{if(this.advanceStack(l,i,e))continue;{s||(s=[],r=[]),s.push(l);let a=this.
tokens.getMainToken(l);r.push(a.value,a.end)}}break}}if(!i.length){let o=s&&N0(s);if(o)return Me&&console.log("Finish with "+this.stackID(o)),this.stackToTree(o);
if(this.parser.strict)throw Me&&s&&console.log("Stuck with token "+(this.tokens.mainToken?this.parser.getName(this.tokens.mainToken.value):"none")),new SyntaxError(
"No parse at "+t);this.recovering||(this.recovering=5)}if(this.recovering&&s){let o=this.stoppedAt!=null&&s[0].pos>this.stoppedAt?s[0]:this.runRecovery(s,r,i);if(o)
return Me&&console.log("Force-finish "+this.stackID(o)),this.stackToTree(o.forceAll())}if(this.recovering){let o=this.recovering==1?1:this.recovering*3;if(i.length>
o)for(i.sort((l,a)=>a.score-l.score);i.length>o;)i.pop();i.some(l=>l.reducePos>t)&&this.recovering--}else if(i.length>1){e:for(let o=0;o<i.length-1;o++){let l=i[o];
for(let a=o+1;a<i.length;a++){let h=i[a];if(l.sameState(h)||l.buffer.length>500&&h.buffer.length>500)if((l.score-h.score||l.buffer.length-h.buffer.length)>0)i.splice(
a--,1);else{i.splice(o--,1);continue e}}}i.length>12&&(i.sort((o,l)=>l.score-o.score),i.splice(12,i.length-12))}this.minStackPos=i[0].pos;for(let o=1;o<i.length;o++)
i[o].pos<this.minStackPos&&(this.minStackPos=i[o].pos);return null}stopAt(e){if(this.stoppedAt!=null&&this.stoppedAt<e)throw new RangeError("Can't move stoppedA\
t forward");this.stoppedAt=e}tryReuse(e,t,i,s){if(!i)return null;let r=e.curContext&&e.curContext.tracker.strict,o=r?e.curContext.hash:0;for(;i;){let l=this.parser.
nodeSet.types[i.type.id]!=i.type?-1:this.parser.getGoto(e.state,i.type.id);if(l>-1&&i.length&&(!r||(i.prop(B.contextHash)||0)==o))return e.useNode(i,l,t),i;if(i.
children.length==0||i.positions[0]>0)break;let a=i.children[0];if(a instanceof J&&(!s||a.type.id>=this.parser.minRepeatTerm))i=a;else break}return null}advanceStack(e,t,i){
let s=e.pos,{parser:r}=this,o=Me?this.stackID(e)+" -> ":"";if(this.stoppedAt!=null&&s>this.stoppedAt)return e.forceReduce()?e:null;if(this.fragments){let h=e.reducePos<
s&&e.buffer.length&&e.buffer[e.buffer.length-2]<=e.reducePos&&this.fragments.lastRepeatPos==e.reducePos&&this.tryReuse(e,e.reducePos,this.fragments.lastRepeat,!0)||
this.tryReuse(e,s,this.fragments.nodeAt(s),!1);if(h)return Me&&console.log(o+this.stackID(e)+` (via reuse of ${r.getName(h.type.id)})`),!0}let l=r.stateSlot(e.state,
4);if(l>0)return e.reduce(l),Me&&console.log(o+this.stackID(e)+` (via always-reduce ${r.getName(l&65535)})`),!0;if(e.stack.length>=8400)for(;e.stack.length>6e3&&
e.forceReduce(););let a=this.tokens.getActions(e);for(let h=0;h<a.length;){let c=a[h++],f=a[h++],u=a[h++],d=h==a.length||!i,p=d?e:e.split(),m=this.tokens.mainToken;
if(p.apply(c,f,m?m.start:p.pos,u),Me&&console.log(o+this.stackID(p)+` (via ${(c&65536)==0?"shift":`reduce of ${r.getName(c&65535)}`} for ${r.getName(f)} @ ${s}${p==
e?"":", split"})`),d)return!0;p.pos>s?t.push(p):i.push(p)}return!1}advanceFully(e,t){let i=e.pos;for(;;){if(!this.advanceStack(e,null,null))return!1;if(e.pos>i)
return du(e,t),!0}}runRecovery(e,t,i){let s=null,r=!1;for(let o=0;o<e.length;o++){let l=e[o],a=t[o<<1],h=t[(o<<1)+1],c=Me?this.stackID(l)+" -> ":"";if(l.deadEnd&&
(r||(r=!0,l.restart(),Me&&console.log(c+this.stackID(l)+" (restarted)"),this.advanceFully(l,i))))continue;let f=l.split(),u=c;for(let d=0;d<10&&f.forceReduce()&&
(Me&&console.log(u+this.stackID(f)+" (via force-reduce)"),!this.advanceFully(f,i));d++)Me&&(u=this.stackID(f)+" -> ");for(let d of l.recoverByInsert(a))Me&&console.
log(c+this.stackID(d)+" (via recover-insert)"),this.advanceFully(d,i);this.stream.end>l.pos?(h==l.pos&&(h++,a=0),l.recoverByDelete(a,h),Me&&console.log(c+this.stackID(
l)+` (via recover-delete ${this.parser.getName(a)})`),du(l,i)):(!s||s.score<f.score)&&(s=f)}return s}stackToTree(e){return e.close(),J.build({buffer:Dl.create(e),
nodeSet:this.parser.nodeSet,topID:this.topTerm,maxBufferLength:this.parser.bufferLength,reused:this.reused,start:this.ranges[0].from,length:e.pos-this.ranges[0].
from,minRepeatType:this.parser.minRepeatTerm})}stackID(e){let t=(Al||(Al=new WeakMap)).get(e);return t||Al.set(e,t=String.fromCodePoint(this.nextStackID++)),t+e}};
function du(n,e){for(let t=0;t<e.length;t++){let i=e[t];if(i.pos==n.pos&&i.sameState(n)){e[t].score<n.score&&(e[t]=n);return}}e.push(n)}var Nl=class{constructor(e,t,i){
this.source=e,this.flags=t,this.disabled=i}allows(e){return!this.disabled||this.disabled[e]==0}},Ml=n=>n,Hs=class{constructor(e){this.start=e.start,this.shift=e.
shift||Ml,this.reduce=e.reduce||Ml,this.reuse=e.reuse||Ml,this.hash=e.hash||(()=>0),this.strict=e.strict!==!1}},Pi=class n extends ki{constructor(e){if(super(),
this.wrappers=[],e.version!=14)throw new RangeError(`Parser version (${e.version}) doesn't match runtime version (14)`);let t=e.nodeNames.split(" ");this.minRepeatTerm=
t.length;for(let l=0;l<e.repeatNodeCount;l++)t.push("");let i=Object.keys(e.topRules).map(l=>e.topRules[l][1]),s=[];for(let l=0;l<t.length;l++)s.push([]);function r(l,a,h){
s[l].push([a,a.deserialize(String(h))])}if(e.nodeProps)for(let l of e.nodeProps){let a=l[0];typeof a=="string"&&(a=B[a]);for(let h=1;h<l.length;){let c=l[h++];if(c>=
0)r(c,a,l[h++]);else{let f=l[h+-c];for(let u=-c;u>0;u--)r(l[h++],a,f);h++}}}this.nodeSet=new sn(t.map((l,a)=>ae.define({name:a>=this.minRepeatTerm?void 0:l,id:a,
props:s[a],top:i.indexOf(a)>-1,error:a==0,skipped:e.skippedNodes&&e.skippedNodes.indexOf(a)>-1}))),e.propSources&&(this.nodeSet=this.nodeSet.extend(...e.propSources)),
this.strict=!1,this.bufferLength=1024;let o=bn(e.tokenData);this.context=e.context,this.specializerSpecs=e.specialized||[],this.specialized=new Uint16Array(this.
specializerSpecs.length);for(let l=0;l<this.specializerSpecs.length;l++)this.specialized[l]=this.specializerSpecs[l].term;this.specializers=this.specializerSpecs.
map(pu),this.states=bn(e.states,Uint32Array),this.data=bn(e.stateData),this.goto=bn(e.goto),this.maxTerm=e.maxTerm,this.tokenizers=e.tokenizers.map(l=>typeof l==
"number"?new Ct(o,l):l),this.topRules=e.topRules,this.dialects=e.dialects||{},this.dynamicPrecedences=e.dynamicPrecedences||null,this.tokenPrecTable=e.tokenPrec,
this.termNames=e.termNames||null,this.maxNode=this.nodeSet.types.length-1,this.dialect=this.parseDialect(),this.top=this.topRules[Object.keys(this.topRules)[0]]}createParse(e,t,i){
let s=new Il(this,e,t,i);for(let r of this.wrappers)s=r(s,e,t,i);return s}getGoto(e,t,i=!1){let s=this.goto;if(t>=s[0])return-1;for(let r=s[t+1];;){let o=s[r++],
l=o&1,a=s[r++];if(l&&i)return a;for(let h=r+(o>>1);r<h;r++)if(s[r]==e)return a;if(l)return-1}}hasAction(e,t){let i=this.data;for(let s=0;s<2;s++)for(let r=this.
stateSlot(e,s?2:1),o;;r+=3){if((o=i[r])==65535)if(i[r+1]==1)o=i[r=ct(i,r+2)];else{if(i[r+1]==2)return ct(i,r+2);break}if(o==t||o==0)return ct(i,r+1)}return 0}stateSlot(e,t){
return this.states[e*6+t]}stateFlag(e,t){return(this.stateSlot(e,0)&t)>0}validAction(e,t){return!!this.allActions(e,i=>i==t?!0:null)}allActions(e,t){let i=this.
stateSlot(e,4),s=i?t(i):void 0;for(let r=this.stateSlot(e,1);s==null;r+=3){if(this.data[r]==65535)if(this.data[r+1]==1)r=ct(this.data,r+2);else break;s=t(ct(this.
data,r+1))}return s}nextStates(e){let t=[];for(let i=this.stateSlot(e,1);;i+=3){if(this.data[i]==65535)if(this.data[i+1]==1)i=ct(this.data,i+2);else break;if((this.
data[i+2]&1)==0){let s=this.data[i+1];t.some((r,o)=>o&1&&r==s)||t.push(this.data[i],s)}}return t}configure(e){let t=Object.assign(Object.create(n.prototype),this);
if(e.props&&(t.nodeSet=this.nodeSet.extend(...e.props)),e.top){let i=this.topRules[e.top];if(!i)throw new RangeError(`Invalid top rule name ${e.top}`);t.top=i}return e.
tokenizers&&(t.tokenizers=this.tokenizers.map(i=>{let s=e.tokenizers.find(r=>r.from==i);return s?s.to:i})),e.specializers&&(t.specializers=this.specializers.slice(),
t.specializerSpecs=this.specializerSpecs.map((i,s)=>{let r=e.specializers.find(l=>l.from==i.external);if(!r)return i;let o=Object.assign(Object.assign({},i),{external:r.
to});return t.specializers[s]=pu(o),o})),e.contextTracker&&(t.context=e.contextTracker),e.dialect&&(t.dialect=this.parseDialect(e.dialect)),e.strict!=null&&(t.strict=
e.strict),e.wrap&&(t.wrappers=t.wrappers.concat(e.wrap)),e.bufferLength!=null&&(t.bufferLength=e.bufferLength),t}hasWrappers(){return this.wrappers.length>0}getName(e){
return this.termNames?this.termNames[e]:String(e<=this.maxNode&&this.nodeSet.types[e].name||e)}get eofTerm(){return this.maxNode+1}get topNode(){return this.nodeSet.
types[this.top[1]]}dynamicPrecedence(e){let t=this.dynamicPrecedences;return t==null?0:t[e]||0}parseDialect(e){let t=Object.keys(this.dialects),i=t.map(()=>!1);
if(e)for(let r of e.split(" ")){let o=t.indexOf(r);o>=0&&(i[o]=!0)}let s=null;for(let r=0;r<t.length;r++)if(!i[r])for(let o=this.dialects[t[r]],l;(l=this.data[o++])!=
65535;)(s||(s=new Uint8Array(this.maxTerm+1)))[l]=1;return new Nl(e,i,s)}static deserialize(e){return new n(e)}};function ct(n,e){return n[e]|n[e+1]<<16}function N0(n){
let e=null;for(let t of n){let i=t.p.stoppedAt;(t.pos==t.p.stream.end||i!=null&&t.pos>i)&&t.p.parser.stateFlag(t.state,2)&&(!e||e.score<t.score)&&(e=t)}return e}
function pu(n){if(n.external){let e=n.extend?1:0;return(t,i)=>n.external(t,i)<<1|e}return n.get}var Ti=63,gu=64,W0=1,F0=2,xu=3,H0=4,ku=5,V0=6,z0=7,wu=65,Q0=66,q0=8,X0=9,$0=10,U0=11,G0=12,vu=13,K0=19,Y0=20,j0=29,_0=33,Z0=34,J0=47,eb=0,Ql=1,Fl=2,xn=3,Hl=4,ft=class{constructor(e,t,i){
this.parent=e,this.depth=t,this.type=i,this.hash=(e?e.hash+e.hash<<8:0)+t+(t<<4)+i}};ft.top=new ft(null,-1,eb);function yn(n,e){for(let t=0,i=e-n.pos-1;;i--,t++){
let s=n.peek(i);if(ut(s)||s==-1)return t}}function Vl(n){return n==32||n==9}function ut(n){return n==10||n==13}function Su(n){return Vl(n)||ut(n)}function Kt(n){
return n<0||Su(n)}var tb=new Hs({start:ft.top,reduce(n,e){return n.type==xn&&(e==Y0||e==Z0)?n.parent:n},shift(n,e,t,i){if(e==xu)return new ft(n,yn(i,i.pos),Ql);
if(e==wu||e==ku)return new ft(n,yn(i,i.pos),Fl);if(e==Ti)return n.parent;if(e==K0||e==_0)return new ft(n,0,xn);if(e==vu&&n.type==Hl)return n.parent;if(e==J0){let s=/[1-9]/.
exec(i.read(i.pos,t.pos));if(s)return new ft(n,n.depth+ +s[0],Hl)}return n},hash(n){return n.hash}});function Di(n,e,t=0){return n.peek(t)==e&&n.peek(t+1)==e&&n.
peek(t+2)==e&&Kt(n.peek(t+3))}var ib=new Gt((n,e)=>{if(n.next==-1&&e.canShift(gu))return n.acceptToken(gu);let t=n.peek(-1);if((ut(t)||t<0)&&e.context.type!=xn){
if(Di(n,45))if(e.canShift(Ti))n.acceptToken(Ti);else return n.acceptToken(W0,3);if(Di(n,46))if(e.canShift(Ti))n.acceptToken(Ti);else return n.acceptToken(F0,3);
let i=0;for(;n.next==32;)i++,n.advance();(i<e.context.depth||i==e.context.depth&&e.context.type==Ql&&(n.next!=45||!Kt(n.peek(1))))&&n.next!=-1&&!ut(n.next)&&n.next!=
35&&n.acceptToken(Ti,-i)}},{contextual:!0}),nb=new Gt((n,e)=>{if(e.context.type==xn){n.next==63&&(n.advance(),Kt(n.next)&&n.acceptToken(z0));return}if(n.next==45)
n.advance(),Kt(n.next)&&n.acceptToken(e.context.type==Ql&&e.context.depth==yn(n,n.pos-1)?H0:xu);else if(n.next==63)n.advance(),Kt(n.next)&&n.acceptToken(e.context.
type==Fl&&e.context.depth==yn(n,n.pos-1)?V0:ku);else{let t=n.pos;for(;;)if(Vl(n.next)){if(n.pos==t)return;n.advance()}else if(n.next==33)Ou(n);else if(n.next==38)
zl(n);else if(n.next==42){zl(n);break}else if(n.next==39||n.next==34){if(ql(n,!0))break;return}else if(n.next==91||n.next==123){if(!rb(n))return;break}else{Cu(n,
!0,!1,0);break}for(;Vl(n.next);)n.advance();if(n.next==58){if(n.pos==t&&e.canShift(j0))return;let i=n.peek(1);Kt(i)&&n.acceptTokenTo(e.context.type==Fl&&e.context.
depth==yn(n,t)?Q0:wu,t)}}},{contextual:!0});function sb(n){return n>32&&n<127&&n!=34&&n!=37&&n!=44&&n!=60&&n!=62&&n!=92&&n!=94&&n!=96&&n!=123&&n!=124&&n!=125}function bu(n){
return n>=48&&n<=57||n>=97&&n<=102||n>=65&&n<=70}function yu(n,e){return n.next==37?(n.advance(),bu(n.next)&&n.advance(),bu(n.next)&&n.advance(),!0):sb(n.next)||
e&&n.next==44?(n.advance(),!0):!1}function Ou(n){if(n.advance(),n.next==60){for(n.advance();;)if(!yu(n,!0)){n.next==62&&n.advance();break}}else for(;yu(n,!1););}
function zl(n){for(n.advance();!Kt(n.next)&&Vs(n.next)!="f";)n.advance()}function ql(n,e){let t=n.next,i=!1,s=n.pos;for(n.advance();;){let r=n.next;if(r<0)break;
if(n.advance(),r==t)if(r==39)if(n.next==39)n.advance();else break;else break;else if(r==92&&t==34)n.next>=0&&n.advance();else if(ut(r)){if(e)return!1;i=!0}else if(e&&
n.pos>=s+1024)return!1}return!i}function rb(n){for(let e=[],t=n.pos+1024;;)if(n.next==91||n.next==123)e.push(n.next),n.advance();else if(n.next==39||n.next==34){
if(!ql(n,!0))return!1}else if(n.next==93||n.next==125){if(e[e.length-1]!=n.next-2)return!1;if(e.pop(),n.advance(),!e.length)return!0}else{if(n.next<0||n.pos>t||
ut(n.next))return!1;n.advance()}}var ob="iiisiiissisfissssssssssssisssiiissssssssssssssssssssssssssfsfssissssssssssssssssssssssssssfif";function Vs(n){return n<
33?"u":n>125?"s":ob[n-33]}function Wl(n,e){let t=Vs(n);return t!="u"&&!(e&&t=="f")}function Cu(n,e,t,i){if(Vs(n.next)=="s"||(n.next==63||n.next==58||n.next==45)&&
Wl(n.peek(1),t))n.advance();else return!1;let s=n.pos;for(;;){let r=n.next,o=0,l=i+1;for(;Su(r);){if(ut(r)){if(e)return!1;l=0}else l++;r=n.peek(++o)}if(!(r>=0&&
(r==58?Wl(n.peek(o+1),t):r==35?n.peek(o-1)!=32:Wl(r,t)))||!t&&l<=i||l==0&&!t&&(Di(n,45,o)||Di(n,46,o)))break;if(e&&Vs(r)=="f")return!1;for(let h=o;h>=0;h--)n.advance();
if(e&&n.pos>s+1024)return!1}return!0}var lb=new Gt((n,e)=>{if(n.next==33)Ou(n),n.acceptToken(G0);else if(n.next==38||n.next==42){let t=n.next==38?$0:U0;zl(n),n.
acceptToken(t)}else n.next==39||n.next==34?(ql(n,!1),n.acceptToken(X0)):Cu(n,!1,e.context.type==xn,e.context.depth)&&n.acceptToken(q0)}),ab=new Gt((n,e)=>{let t=e.
context.type==Hl?e.context.depth:-1,i=n.pos;e:for(;;){let s=0,r=n.next;for(;r==32;)r=n.peek(++s);if(!s&&(Di(n,45,s)||Di(n,46,s))||!ut(r)&&(t<0&&(t=Math.max(e.context.
depth+1,s)),s<t))break;for(;;){if(n.next<0)break e;let o=ut(n.next);if(n.advance(),o)continue e;i=n.pos}}n.acceptTokenTo(vu,i)}),hb=wi({DirectiveName:y.keyword,
DirectiveContent:y.attributeValue,"DirectiveEnd DocEnd":y.meta,QuotedLiteral:y.string,BlockLiteralHeader:y.special(y.string),BlockLiteralContent:y.content,Literal:y.
content,"Key/Literal Key/QuotedLiteral":y.definition(y.propertyName),"Anchor Alias":y.labelName,Tag:y.typeName,Comment:y.lineComment,": , -":y.separator,"?":y.punctuation,
"[ ]":y.squareBracket,"{ }":y.brace}),Au=Pi.deserialize({version:14,states:"5lQ!ZQgOOO#PQfO'#CpO#uQfO'#DOOOQR'#Dv'#DvO$qQgO'#DRO%gQdO'#DUO%nQgO'#DUO&ROaO'#D[OOQ\
R'#Du'#DuO&{QgO'#D^O'rQgO'#D`OOQR'#Dt'#DtO(iOqO'#DbOOQP'#Dj'#DjO(zQaO'#CmO)YQgO'#CmOOQP'#Cm'#CmQ)jQaOOQ)uQgOOQ]QgOOO*PQdO'#CrO*nQdO'#CtOOQO'#Dw'#DwO+]Q`O'#CxO+h\
QdO'#CwO+rQ`O'#CwOOQO'#Cv'#CvO+wQdO'#CvOOQO'#Cq'#CqO,UQ`O,59[O,^QfO,59[OOQR,59[,59[OOQO'#Cx'#CxO,eQ`O'#DPO,pQdO'#DPOOQO'#Dx'#DxO,zQdO'#DxO-XQ`O,59jO-aQfO,59jOOQ\
R,59j,59jOOQR'#DS'#DSO-hQcO,59mO-sQgO'#DVO.TQ`O'#DVO.YQcO,59pOOQR'#DX'#DXO#|QfO'#DWO.hQcO'#DWOOQR,59v,59vO.yOWO,59vO/OOaO,59vO/WOaO,59vO/cQgO'#D_OOQR,59x,59xO0V\
QgO'#DaOOQR,59z,59zOOQP,59|,59|O0yOaO,59|O1ROaO,59|O1aOqO,59|OOQP-E7h-E7hO1oQgO,59XOOQP,59X,59XO2PQaO'#DeO2_QgO'#DeO2oQgO'#DkOOQP'#Dk'#DkQ)jQaOOO3PQdO'#CsOOQO,5\
9^,59^O3kQdO'#CuOOQO,59`,59`OOQO,59c,59cO4VQdO,59cO4aQdO'#CzO4kQ`O'#CzOOQO,59b,59bOOQU,5:Q,5:QOOQR1G.v1G.vO4pQ`O1G.vOOQU-E7d-E7dO4xQdO,59kOOQO,59k,59kO5SQdO'#DQ\
O5^Q`O'#DQOOQO,5:d,5:dOOQU,5:R,5:ROOQR1G/U1G/UO5cQ`O1G/UOOQU-E7e-E7eO5kQgO'#DhO5xQcO1G/XOOQR1G/X1G/XOOQR,59q,59qO6TQgO,59qO6eQdO'#DiO6lQgO'#DiO7PQcO1G/[OOQR1G/[\
1G/[OOQR,59r,59rO#|QfO,59rOOQR1G/b1G/bO7_OWO1G/bO7dOaO1G/bOOQR,59y,59yOOQR,59{,59{OOQP1G/h1G/hO7lOaO1G/hO7tOaO1G/hO8POaO1G/hOOQP1G.s1G.sO8_QgO,5:POOQP,5:P,5:POO\
QP,5:V,5:VOOQP-E7i-E7iOOQO,59_,59_OOQO,59a,59aOOQO1G.}1G.}OOQO,59f,59fO8oQdO,59fOOQR7+$b7+$bP,XQ`O'#DfOOQO1G/V1G/VOOQO,59l,59lO8yQdO,59lOOQR7+$p7+$pP9TQ`O'#DgOO\
QR'#DT'#DTOOQR,5:S,5:SOOQR-E7f-E7fOOQR7+$s7+$sOOQR1G/]1G/]O9YQgO'#DYO9jQ`O'#DYOOQR,5:T,5:TO#|QfO'#DZO9oQcO'#DZOOQR-E7g-E7gOOQR7+$v7+$vOOQR1G/^1G/^OOQR7+$|7+$|O:\
QOWO7+$|OOQP7+%S7+%SO:VOaO7+%SO:_OaO7+%SOOQP1G/k1G/kOOQO1G/Q1G/QOOQO1G/W1G/WOOQR,59t,59tO:jQgO,59tOOQR,59u,59uO#|QfO,59uOOQR<<Hh<<HhOOQP<<Hn<<HnO:zOaO<<HnOOQR1G\
/`1G/`OOQR1G/a1G/aOOQPAN>YAN>Y",stateData:";S~O!fOS!gOS^OS~OP_OQbORSOTUOWROXROYYOZZO[XOcPOqQO!PVO!V[O!cTO~O`cO~P]OVkOWROXROYeOZfO[dOcPOmhOqQO~OboO~P!bOVtOWROXRO\
YeOZfO[dOcPOmrOqQO~OpwO~P#WORSOTUOWROXROYYOZZO[XOcPOqQO!PVO!cTO~OSvP!avP!bvP~P#|OWROXROYeOZfO[dOcPOqQO~OmzO~P%OOm!OOUzP!azP!bzP!dzP~P#|O^!SO!b!QO!f!TO!g!RO~ORSO\
TUOWROXROcPOqQO!PVO!cTO~OY!UOP!QXQ!QX!V!QX!`!QXS!QX!a!QX!b!QXU!QXm!QX!d!QX~P&aO[!WOP!SXQ!SX!V!SX!`!SXS!SX!a!SX!b!SXU!SXm!SX!d!SX~P&aO^!ZO!W![O!b!YO!f!]O!g!YO~OP\
!_O!V[OQaX!`aX~OPaXQaX!VaX!`aX~P#|OP!bOQ!cO!V[O~OP_O!V[O~P#|OWROXROY!fOcPOqQObfXmfXofXpfX~OWROXRO[!hOcPOqQObhXmhXohXphX~ObeXmlXoeX~ObkXokX~P%OOm!kO~Om!lObnPonP~\
P%OOb!pOo!oO~Ob!pO~P!bOm!sOosXpsX~OosXpsX~P%OOm!uOotPptP~P%OOo!xOp!yO~Op!yO~P#WOS!|O!a#OO!b#OO~OUyX!ayX!byX!dyX~P#|Om#QO~OU#SO!a#UO!b#UO!d#RO~Om#WOUzX!azX!bzX!d\
zX~O]#XO~O!b#XO!g#YO~O^#ZO!b#XO!g#YO~OP!RXQ!RX!V!RX!`!RXS!RX!a!RX!b!RXU!RXm!RX!d!RX~P&aOP!TXQ!TX!V!TX!`!TXS!TX!a!TX!b!TXU!TXm!TX!d!TX~P&aO!b#^O!g#^O~O^#_O!b#^O!\
f#`O!g#^O~O^#_O!W#aO!b#^O!g#^O~OPaaQaa!Vaa!`aa~P#|OP#cO!V[OQ!XX!`!XX~OP!XXQ!XX!V!XX!`!XX~P#|OP_O!V[OQ!_X!`!_X~P#|OWROXROcPOqQObgXmgXogXpgX~OWROXROcPOqQObiXmiXoi\
XpiX~Obkaoka~P%OObnXonX~P%OOm#kO~Ob#lOo!oO~Oosapsa~P%OOotXptX~P%OOm#pO~Oo!xOp#qO~OSwP!awP!bwP~P#|OS!|O!a#vO!b#vO~OUya!aya!bya!dya~P#|Om#xO~P%OOm#{OU}P!a}P!b}P!d\
}P~P#|OU#SO!a$OO!b$OO!d#RO~O]$QO~O!b$QO!g$RO~O!b$SO!g$SO~O^$TO!b$SO!g$SO~O^$TO!b$SO!f$UO!g$SO~OP!XaQ!Xa!V!Xa!`!Xa~P#|Obnaona~P%OOotapta~P%OOo!xO~OU|X!a|X!b|X!d|\
X~P#|Om$ZO~Om$]OU}X!a}X!b}X!d}X~O]$^O~O!b$_O!g$_O~O^$`O!b$_O!g$_O~OU|a!a|a!b|a!d|a~P#|O!b$cO!g$cO~O",goto:",]!mPPPPPPPPPPPPPPPPP!nPP!v#v#|$`#|$c$f$j$nP%VPPP!v%Y\
%^%a%{&O%a&R&U&X&_&b%aP&e&{&e'O'RPP']'a'g'm's'y(XPPPPPPPP(_)e*X+c,VUaObcR#e!c!{ROPQSTUXY_bcdehknrtvz!O!U!W!_!b!c!f!h!k!l!s!u!|#Q#R#S#W#c#k#p#x#{$Z$]QmPR!qnqfPQT\
hknrtv!k!l!s!u#R#k#pR!gdR!ieTlPnTjPnSiPnSqQvQ{TQ!mkQ!trQ!vtR#y#RR!nkTsQvR!wt!RWOSUXY_bcz!O!U!W!_!b!c!|#Q#S#W#c#x#{$Z$]RySR#t!|R|TR|UQ!PUR#|#SR#z#RR#z#SyZOSU_bcz\
!O!_!b!c!|#Q#S#W#c#x#{$Z$]R!VXR!XYa]O^abc!a!c!eT!da!eQnPR!rnQvQR!{vQ!}yR#u!}Q#T|R#}#TW^Obc!cS!^^!aT!aa!eQ!eaR#f!eW`Obc!cQxSS}U#SQ!`_Q#PzQ#V!OQ#b!_Q#d!bQ#s!|Q#w#\
QQ$P#WQ$V#cQ$Y#xQ$[#{Q$a$ZR$b$]xZOSU_bcz!O!_!b!c!|#Q#S#W#c#x#{$Z$]Q!VXQ!XYQ#[!UR#]!W!QWOSUXY_bcz!O!U!W!_!b!c!|#Q#S#W#c#x#{$Z$]pfPQThknrtv!k!l!s!u#R#k#pQ!gdQ!ieQ\
#g!fR#h!hSgPn^pQTkrtv#RQ!jhQ#i!kQ#j!lQ#n!sQ#o!uQ$W#kR$X#pQuQR!zv",nodeNames:"\u26A0 DirectiveEnd DocEnd - - ? ? ? Literal QuotedLiteral Anchor Alias Tag BlockLiteral\
Content Comment Stream BOM Document ] [ FlowSequence Item Tagged Anchored Anchored Tagged FlowMapping Pair Key : Pair , } { FlowMapping Pair Pair BlockSequence \
Item Item BlockMapping Pair Pair Key Pair Pair BlockLiteral BlockLiteralHeader Tagged Anchored Anchored Tagged Directive DirectiveName DirectiveContent Document",
maxTerm:74,context:tb,nodeProps:[["isolate",-3,8,9,14,""],["openedBy",18,"[",32,"{"],["closedBy",19,"]",33,"}"]],propSources:[hb],skippedNodes:[0],repeatNodeCount:6,
tokenData:"-Y~RnOX#PXY$QYZ$]Z]#P]^$]^p#Ppq$Qqs#Pst$btu#Puv$yv|#P|}&e}![#P![!]'O!]!`#P!`!a'i!a!}#P!}#O*g#O#P#P#P#Q+Q#Q#o#P#o#p+k#p#q'i#q#r,U#r;'S#P;'S;=`#z<%l?HT\
#P?HT?HU,o?HUO#PQ#UU!WQOY#PZp#Ppq#hq;'S#P;'S;=`#z<%lO#PQ#kTOY#PZs#Pt;'S#P;'S;=`#z<%lO#PQ#}P;=`<%l#P~$VQ!f~XY$Qpq$Q~$bO!g~~$gS^~OY$bZ;'S$b;'S;=`$s<%lO$b~$vP;=`<%\
l$bR%OX!WQOX%kXY#PZ]%k]^#P^p%kpq#hq;'S%k;'S;=`&_<%lO%kR%rX!WQ!VPOX%kXY#PZ]%k]^#P^p%kpq#hq;'S%k;'S;=`&_<%lO%kR&bP;=`<%l%kR&lUoP!WQOY#PZp#Ppq#hq;'S#P;'S;=`#z<%lO#\
PR'VUmP!WQOY#PZp#Ppq#hq;'S#P;'S;=`#z<%lO#PR'p[!PP!WQOY#PZp#Ppq#hq{#P{|(f|}#P}!O(f!O!R#P!R![)p![;'S#P;'S;=`#z<%lO#PR(mW!PP!WQOY#PZp#Ppq#hq!R#P!R![)V![;'S#P;'S;=`\
#z<%lO#PR)^U!PP!WQOY#PZp#Ppq#hq;'S#P;'S;=`#z<%lO#PR)wY!PP!WQOY#PZp#Ppq#hq{#P{|)V|}#P}!O)V!O;'S#P;'S;=`#z<%lO#PR*nUcP!WQOY#PZp#Ppq#hq;'S#P;'S;=`#z<%lO#PR+XUbP!WQ\
OY#PZp#Ppq#hq;'S#P;'S;=`#z<%lO#PR+rUqP!WQOY#PZp#Ppq#hq;'S#P;'S;=`#z<%lO#PR,]UpP!WQOY#PZp#Ppq#hq;'S#P;'S;=`#z<%lO#PR,vU`P!WQOY#PZp#Ppq#hq;'S#P;'S;=`#z<%lO#P",tokenizers:[
ib,nb,lb,ab,0,1],topRules:{Stream:[0,15]},tokenPrec:0});var cb=Pi.deserialize({version:14,states:"!vOQOPOOO]OPO'#C_OhOPO'#C^OOOO'#Cc'#CcOpOPO'#CaQOOOOOO{OPOOOOOO'#Cb'#CbO!WOPO'#C`O!`OPO,58xOOOO-E6a-E6aOOOO-E6`-E6`OOO\
O'#C_'#C_OOOO1G.d1G.d",stateData:"!h~OXPOYROWTP~OWVXXRXYRX~OYVOXSP~OXROYROWTX~OXROYROWTP~OYVOXSX~OX[O~OXY~",goto:"vWPPX[beioRUOQQOR]XRXQTTOUQWQRZWSSOURYS",nodeNames:"\
\u26A0 Document Frontmatter DashLine FrontmatterContent Body",maxTerm:10,skippedNodes:[0],repeatNodeCount:2,tokenData:"$z~RXOYnYZ!^Z]n]^!^^}n}!O!i!O;'Sn;'S;=`!c\
<%lOn~qXOYnYZ!^Z]n]^!^^;'Sn;'S;=`!c<%l~n~On~~!^~!cOY~~!fP;=`<%ln~!lZOYnYZ!^Z]n]^!^^}n}!O#_!O;'Sn;'S;=`!c<%l~n~On~~!^~#bZOYnYZ!^Z]n]^!^^}n}!O$T!O;'Sn;'S;=`!c<%l~\
n~On~~!^~$WXOYnYZ$sZ]n]^$s^;'Sn;'S;=`!c<%l~n~On~~$s~$zOX~Y~",tokenizers:[0],topRules:{Document:[0,1]},tokenPrec:67}),fb=fn.define({name:"yaml",parser:Au.configure(
{props:[pl.add({Stream:n=>{for(let e=n.node.resolve(n.pos,-1);e&&e.to>=n.pos;e=e.parent){if(e.name=="BlockLiteralContent"&&e.from<e.to)return n.baseIndentFor(e);
if(e.name=="BlockLiteral")return n.baseIndentFor(e)+n.unit;if(e.name=="BlockSequence"||e.name=="BlockMapping")return n.column(e.firstChild.from,1);if(e.name=="Q\
uotedLiteral")return null;if(e.name=="Literal"){let t=n.column(e.from,1);if(t==n.lineIndent(e.from,1))return t;if(e.to>n.pos)return null}}return null},FlowMapping:ml(
{closing:"}"}),FlowSequence:ml({closing:"]"})}),gl.add({"FlowMapping FlowSequence":sf,"Item Pair BlockLiteral":(n,e)=>({from:e.doc.lineAt(n.from).to,to:n.to})})]}),
languageData:{commentTokens:{line:"#"},indentOnInput:/^\s*[\]\}]$/}});function Mu(){return new Ms(fb)}var mx=fn.define({name:"yaml-frontmatter",parser:cb.configure(
{props:[wi({DashLine:y.meta})]})});var qs=class{constructor(e,t,i){this.from=e,this.to=t,this.diagnostic=i}},Yt=class n{constructor(e,t,i){this.diagnostics=e,this.panel=t,this.selected=i}static init(e,t,i){
let s=i.facet(it).markerFilter;s&&(e=s(e,i));let r=e.slice().sort((d,p)=>d.from-p.from||d.to-p.to),o=new ge,l=[],a=0,h=i.doc.iter(),c=0,f=i.doc.length;for(let d=0;;){
let p=d==r.length?null:r[d];if(!p&&!l.length)break;let m,g;if(l.length)m=a,g=l.reduce((x,T)=>Math.min(x,T.to),p&&p.from>m?p.from:1e8);else{if(m=p.from,m>f)break;
g=p.to,l.push(p),d++}for(;d<r.length;){let x=r[d];if(x.from==m&&(x.to>x.from||x.to==m))l.push(x),d++,g=Math.min(x.to,g);else{g=Math.min(x.from,g);break}}g=Math.
min(g,f);let b=!1;if(l.some(x=>x.from==m&&(x.to==g||g==f))&&(b=m==g,!b&&g-m<10)){let x=m-(c+h.value.length);x>0&&(h.next(x),c=m);for(let T=m;;){if(T>=g){b=!0;break}
if(!h.lineBreak&&c+h.value.length>T)break;T=c+h.value.length,c+=h.value.length,h.next()}}let M=Vu(l);if(b)o.add(m,m,D.widget({widget:new Xl(M),diagnostics:l.slice()}));else{
let x=l.reduce((T,w)=>w.markClass?T+" "+w.markClass:T,"");o.add(m,g,D.mark({class:"cm-lintRange cm-lintRange-"+M+x,diagnostics:l.slice(),inclusiveEnd:l.some(T=>T.
to>g)}))}if(a=g,a==f)break;for(let x=0;x<l.length;x++)l[x].to<=a&&l.splice(x--,1)}let u=o.finish();return new n(u,t,At(u))}};function At(n,e=null,t=0){let i=null;
return n.between(t,1e9,(s,r,{spec:o})=>{if(!(e&&o.diagnostics.indexOf(e)<0))if(!i)i=new qs(s,r,e||o.diagnostics[0]);else{if(o.diagnostics.indexOf(i.diagnostic)<
0)return!1;i=new qs(i.from,r,i.diagnostic)}}),i}function Du(n,e){let t=e.pos,i=e.end||t,s=n.state.facet(it).hideOn(n,t,i);if(s!=null)return s;let r=n.startState.
doc.lineAt(e.pos);return!!(n.effects.some(o=>o.is(Us))||n.changes.touchesRange(r.from,Math.max(r.to,i)))}function Ru(n,e){return n.field(Pe,!1)?e:e.concat(L.appendConfig.
of(qu))}function ub(n,e){return{effects:Ru(n,[Us.of(e)])}}var Us=L.define(),Ul=L.define(),Bu=L.define(),Pe=ee.define({create(){return new Yt(D.none,null,null)},
update(n,e){if(e.docChanged&&n.diagnostics.size){let t=n.diagnostics.map(e.changes),i=null,s=n.panel;if(n.selected){let r=e.changes.mapPos(n.selected.from,1);i=
At(t,n.selected.diagnostic,r)||At(t,null,r)}!t.size&&s&&e.state.facet(it).autoPanel&&(s=null),n=new Yt(t,s,i)}for(let t of e.effects)if(t.is(Us)){let i=e.state.
facet(it).autoPanel?t.value.length?kn.open:null:n.panel;n=Yt.init(t.value,i,e.state)}else t.is(Ul)?n=new Yt(n.diagnostics,t.value?kn.open:null,n.selected):t.is(
Bu)&&(n=new Yt(n.diagnostics,n.panel,t.value));return n},provide:n=>[Ht.from(n,e=>e.panel),P.decorations.from(n,e=>e.diagnostics)]});var db=D.mark({class:"cm-lintRange cm-lintRange-active"});function pb(n,e,t){let{diagnostics:i}=n.state.field(Pe),s,r=-1,o=-1;i.between(e-(t<0?1:0),e+(t>0?1:0),
(a,h,{spec:c})=>{if(e>=a&&e<=h&&(a==h||(e>a||t>0)&&(e<h||t<0)))return s=c.diagnostics,r=a,o=h,!1});let l=n.state.facet(it).tooltipFilter;return s&&l&&(s=l(s,n.state)),
s?{pos:r,end:o,above:!0,create(){return{dom:Eu(n,s)}}}:null}function Eu(n,e){return H("ul",{class:"cm-tooltip-lint"},e.map(t=>Hu(n,t,!1)))}var mb=n=>{let e=n.state.
field(Pe,!1);(!e||!e.panel)&&n.dispatch({effects:Ru(n.state,[Ul.of(!0)])});let t=xi(n,kn.open);return t&&t.dom.querySelector(".cm-panel-lint ul").focus(),!0},Pu=n=>{
let e=n.state.field(Pe,!1);return!e||!e.panel?!1:(n.dispatch({effects:Ul.of(!1)}),!0)},gb=n=>{let e=n.state.field(Pe,!1);if(!e)return!1;let t=n.state.selection.
main,i=At(e.diagnostics,null,t.to+1);return!i&&(i=At(e.diagnostics,null,0),!i||i.from==t.from&&i.to==t.to)?!1:(n.dispatch({selection:{anchor:i.from,head:i.to},scrollIntoView:!0}),
Mc(n,i.from,1,{tooltip:Qu,until:s=>s.docChanged||s.newSelection.main.head<i.from||s.newSelection.main.head>i.to}),!0)};var Lu=[{key:"Mod-Shift-m",run:mb,preventDefault:!0},{key:"F8",run:gb}],Iu=Z.fromClass(class{constructor(n){this.view=n,this.timeout=-1,this.set=!0;let{delay:e}=n.
state.facet(it);this.lintTime=Date.now()+e,this.run=this.run.bind(this),this.timeout=setTimeout(this.run,e)}run(){clearTimeout(this.timeout);let n=Date.now();if(n<
this.lintTime-10)this.timeout=setTimeout(this.run,this.lintTime-n);else{this.set=!1;let{state:e}=this.view,{sources:t}=e.facet(it);t.length&&bb(t.map(i=>Promise.
resolve(i(this.view))),i=>{this.view.state.doc==e.doc&&this.view.dispatch(ub(this.view.state,i.reduce((s,r)=>s.concat(r))))},i=>{ye(this.view.state,i)})}}update(n){
let e=n.state.facet(it);(n.docChanged||e!=n.startState.facet(it)||e.needsRefresh&&e.needsRefresh(n))&&(this.lintTime=Date.now()+e.delay,this.set||(this.set=!0,this.
timeout=setTimeout(this.run,e.delay)))}force(){this.set&&(this.lintTime=Date.now(),this.run())}destroy(){clearTimeout(this.timeout)}});function bb(n,e,t){let i=[],
s=-1;for(let r of n)r.then(o=>{i.push(o),clearTimeout(s),i.length==n.length?e(i):s=setTimeout(()=>e(i),200)},t)}var it=C.define({combine(n){return{sources:n.map(
e=>e.source).filter(e=>e!=null),...de(n.map(e=>e.config),{delay:750,markerFilter:null,tooltipFilter:null,needsRefresh:null,hideOn:()=>null},{delay:Math.max,markerFilter:Tu,
tooltipFilter:Tu,needsRefresh:(e,t)=>e?t?i=>e(i)||t(i):e:t,hideOn:(e,t)=>e?t?(i,s,r)=>e(i,s,r)||t(i,s,r):e:t,autoPanel:(e,t)=>e||t})}}});function Tu(n,e){return n?
e?(t,i)=>e(n(t,i),i):n:e}function Nu(n,e={}){return[it.of({source:n,config:e}),Iu,qu]}function Wu(n){let e=n.plugin(Iu);e&&e.force()}function Fu(n){let e=[];if(n)
e:for(let{name:t}of n){for(let i=0;i<t.length;i++){let s=t[i];if(/[a-zA-Z]/.test(s)&&!e.some(r=>r.toLowerCase()==s.toLowerCase())){e.push(s);continue e}}e.push(
"")}return e}function Hu(n,e,t){var i;let s=t?Fu(e.actions):[];return H("li",{class:"cm-diagnostic cm-diagnostic-"+e.severity},H("span",{class:"cm-diagnosticTex\
t"},e.renderMessage?e.renderMessage(n):e.message),(i=e.actions)===null||i===void 0?void 0:i.map((r,o)=>{let l=0,a=d=>{if(d.preventDefault(),l>Date.now()-100)return;
let p=At(n.state.field(Pe).diagnostics,e);p&&r.apply(n,p.from,p.to),l=Date.now()},{name:h}=r,c=s[o]?h.indexOf(s[o]):-1,f=c<0?h:[h.slice(0,c),H("u",h.slice(c,c+1)),
h.slice(c+1)],u=r.markClass?" "+r.markClass:"";return H("button",{type:"button",class:"cm-diagnosticAction"+u,onclick:a,onmousedown:a,"aria-label":` Action: ${h}${c<
0?"":` (access key "${s[o]})"`}.`},f)}),e.source&&H("div",{class:"cm-diagnosticSource"},e.source))}var Xl=class extends Ce{constructor(e){super(),this.sev=e}eq(e){
return e.sev==this.sev}toDOM(){return H("span",{class:"cm-lintPoint cm-lintPoint-"+this.sev})}},Xs=class{constructor(e,t){this.diagnostic=t,this.id="item_"+Math.
floor(Math.random()*4294967295).toString(16),this.dom=Hu(e,t,!0),this.dom.id=this.id,this.dom.setAttribute("role","option")}},kn=class n{constructor(e){this.view=
e,this.items=[];let t=s=>{if(!(s.ctrlKey||s.altKey||s.metaKey)){if(s.keyCode==27)Pu(this.view),this.view.focus();else if(s.keyCode==38||s.keyCode==33)this.moveSelection(
(this.selectedIndex-1+this.items.length)%this.items.length);else if(s.keyCode==40||s.keyCode==34)this.moveSelection((this.selectedIndex+1)%this.items.length);else if(s.
keyCode==36)this.moveSelection(0);else if(s.keyCode==35)this.moveSelection(this.items.length-1);else if(s.keyCode==13)this.view.focus();else if(s.keyCode>=65&&s.
keyCode<=90&&this.selectedIndex>=0){let{diagnostic:r}=this.items[this.selectedIndex],o=Fu(r.actions);for(let l=0;l<o.length;l++)if(o[l].toUpperCase().charCodeAt(
0)==s.keyCode){let a=At(this.view.state.field(Pe).diagnostics,r);a&&r.actions[l].apply(e,a.from,a.to)}}else return;s.preventDefault()}},i=s=>{for(let r=0;r<this.
items.length;r++)this.items[r].dom.contains(s.target)&&this.moveSelection(r)};this.list=H("ul",{tabIndex:0,role:"listbox","aria-label":this.view.state.phrase("D\
iagnostics"),onkeydown:t,onclick:i}),this.dom=H("div",{class:"cm-panel-lint"},this.list,H("button",{type:"button",name:"close","aria-label":this.view.state.phrase(
"close"),onclick:()=>Pu(this.view)},"\xD7")),this.update()}get selectedIndex(){let e=this.view.state.field(Pe).selected;if(!e)return-1;for(let t=0;t<this.items.
length;t++)if(this.items[t].diagnostic==e.diagnostic)return t;return-1}update(){let{diagnostics:e,selected:t}=this.view.state.field(Pe),i=0,s=!1,r=null,o=new Set;
for(e.between(0,this.view.state.doc.length,(l,a,{spec:h})=>{for(let c of h.diagnostics){if(o.has(c))continue;o.add(c);let f=-1,u;for(let d=i;d<this.items.length;d++)
if(this.items[d].diagnostic==c){f=d;break}f<0?(u=new Xs(this.view,c),this.items.splice(i,0,u),s=!0):(u=this.items[f],f>i&&(this.items.splice(i,f-i),s=!0)),t&&u.
diagnostic==t.diagnostic?u.dom.hasAttribute("aria-selected")||(u.dom.setAttribute("aria-selected","true"),r=u):u.dom.hasAttribute("aria-selected")&&u.dom.removeAttribute(
"aria-selected"),i++}});i<this.items.length&&!(this.items.length==1&&this.items[0].diagnostic.from<0);)s=!0,this.items.pop();this.items.length==0&&(this.items.push(
new Xs(this.view,{from:-1,to:-1,severity:"info",message:this.view.state.phrase("No diagnostics")})),s=!0),r?(this.list.setAttribute("aria-activedescendant",r.id),
this.view.requestMeasure({key:this,read:()=>({sel:r.dom.getBoundingClientRect(),panel:this.list.getBoundingClientRect()}),write:({sel:l,panel:a})=>{let h=a.height/
this.list.offsetHeight;l.top<a.top?this.list.scrollTop-=(a.top-l.top)/h:l.bottom>a.bottom&&(this.list.scrollTop+=(l.bottom-a.bottom)/h)}})):this.selectedIndex<0&&
this.list.removeAttribute("aria-activedescendant"),s&&this.sync()}sync(){let e=this.list.firstChild;function t(){let i=e;e=i.nextSibling,i.remove()}for(let i of this.
items)if(i.dom.parentNode==this.list){for(;e!=i.dom;)t();e=i.dom.nextSibling}else this.list.insertBefore(i.dom,e);for(;e;)t()}moveSelection(e){if(this.selectedIndex<
0)return;let t=this.view.state.field(Pe),i=At(t.diagnostics,this.items[e].diagnostic);i&&this.view.dispatch({selection:{anchor:i.from,head:i.to},scrollIntoView:!0,
effects:Bu.of(i)})}static open(e){return new n(e)}};function Qs(n,e='viewBox="0 0 40 40"'){return`url('data:image/svg+xml,<svg xmlns="http://www.w3.org/2000/svg\
" ${e}>${encodeURIComponent(n)}</svg>')`}function zs(n){return Qs(`<path d="m0 2.5 l2 -1.5 l1 0 l2 1.5 l1 0" stroke="${n}" fill="none" stroke-width=".7"/>`,'wid\
th="6" height="3"')}var yb=P.baseTheme({".cm-diagnostic":{padding:"3px 6px 3px 8px",marginLeft:"-1px",display:"block",whiteSpace:"pre-wrap"},".cm-diagnostic-err\
or":{borderLeft:"5px solid #d11"},".cm-diagnostic-warning":{borderLeft:"5px solid orange"},".cm-diagnostic-info":{borderLeft:"5px solid #999"},".cm-diagnostic-h\
int":{borderLeft:"5px solid #66d"},".cm-diagnosticAction":{font:"inherit",border:"none",padding:"2px 4px",backgroundColor:"#444",color:"white",borderRadius:"3px",
marginLeft:"8px",cursor:"pointer"},".cm-diagnosticSource":{fontSize:"70%",opacity:.7},".cm-lintRange":{backgroundPosition:"left bottom",backgroundRepeat:"repeat\
-x",paddingBottom:"0.7px"},".cm-lintRange-error":{backgroundImage:zs("#f11")},".cm-lintRange-warning":{backgroundImage:zs("orange")},".cm-lintRange-info":{backgroundImage:zs(
"#999")},".cm-lintRange-hint":{backgroundImage:zs("#66d")},".cm-lintRange-active":{backgroundColor:"#ffdd9980"},".cm-tooltip-lint":{padding:0,margin:0},".cm-lin\
tPoint":{position:"relative","&:after":{content:'""',position:"absolute",bottom:0,left:"-2px",borderLeft:"3px solid transparent",borderRight:"3px solid transpar\
ent",borderBottom:"4px solid #d11"}},".cm-lintPoint-warning":{"&:after":{borderBottomColor:"orange"}},".cm-lintPoint-info":{"&:after":{borderBottomColor:"#999"}},
".cm-lintPoint-hint":{"&:after":{borderBottomColor:"#66d"}},".cm-panel.cm-panel-lint":{position:"relative","& ul":{maxHeight:"100px",overflowY:"auto","& [aria-s\
elected]":{backgroundColor:"#ddd","& u":{textDecoration:"underline"}},"&:focus [aria-selected]":{background_fallback:"#bdf",backgroundColor:"Highlight",color_fallback:"\
white",color:"HighlightText"},"& u":{textDecoration:"none"},padding:0,margin:0},"& [name=close]":{position:"absolute",top:"0",right:"2px",background:"inherit",border:"\
none",font:"inherit",padding:0,margin:0}},"&dark .cm-lintRange-active":{backgroundColor:"#86714a80"},"&dark .cm-panel.cm-panel-lint ul":{"& [aria-selected]":{backgroundColor:"\
#2e343e"}}});function xb(n){return n=="error"?4:n=="warning"?3:n=="info"?2:1}function Vu(n){let e="hint",t=1;for(let i of n){let s=xb(i.severity);s>t&&(t=s,e=i.
severity)}return e}var $s=class extends xe{constructor(e){super(),this.diagnostics=e,this.severity=Vu(e)}toDOM(e){let t=document.createElement("div");t.className=
"cm-lint-marker cm-lint-marker-"+this.severity;let i=this.diagnostics,s=e.state.facet(Gs).tooltipFilter;return s&&(i=s(i,e.state)),i.length&&(t.onmouseover=()=>wb(
e,t,i)),t}};function kb(n,e){let t=i=>{let s=e.getBoundingClientRect();if(!(i.clientX>s.left-10&&i.clientX<s.right+10&&i.clientY>s.top-10&&i.clientY<s.bottom+10)){
for(let r=i.target;r;r=r.parentNode)if(r.nodeType==1&&r.classList.contains("cm-tooltip-lint"))return;window.removeEventListener("mousemove",t),n.state.field(zu)&&
n.dispatch({effects:Gl.of(null)})}};window.addEventListener("mousemove",t)}function wb(n,e,t){function i(){let o=n.elementAtHeight(e.getBoundingClientRect().top+
5-n.documentTop);n.coordsAtPos(o.from)&&n.dispatch({effects:Gl.of({pos:o.from,above:!1,clip:!1,create(){return{dom:Eu(n,t),getCoords:()=>e.getBoundingClientRect()}}})}),
e.onmouseout=e.onmousemove=null,kb(n,e)}let{hoverTime:s}=n.state.facet(Gs),r=setTimeout(i,s);e.onmouseout=()=>{clearTimeout(r),e.onmouseout=e.onmousemove=null},
e.onmousemove=()=>{clearTimeout(r),r=setTimeout(i,s)}}function vb(n,e){let t=Object.create(null);for(let s of e){let r=n.lineAt(s.from);(t[r.from]||(t[r.from]=[])).
push(s)}let i=[];for(let s in t)i.push(new $s(t[s]).range(+s));return F.of(i,!0)}var Sb=xs({class:"cm-gutter-lint",markers:n=>n.state.field($l),widgetMarker:(n,e,t)=>{
let i=[];return n.state.field($l).between(t.from,t.to,(s,r,o)=>{s>t.from&&s<t.to&&i.push(...o.diagnostics)}),i.length?new $s(i):null}}),$l=ee.define({create(){return F.
empty},update(n,e){n=n.map(e.changes);let t=e.state.facet(Gs).markerFilter;for(let i of e.effects)if(i.is(Us)){let s=i.value;t&&(s=t(s||[],e.state)),n=vb(e.state.
doc,s.slice(0))}return n}}),Gl=L.define(),zu=ee.define({create(){return null},update(n,e){return n&&e.docChanged&&(n=Du(e,n)?null:{...n,pos:e.changes.mapPos(n.pos)}),
e.effects.reduce((t,i)=>i.is(Gl)?i.value:t,n)},provide:n=>ys.from(n)}),Ob=P.baseTheme({".cm-gutter-lint":{width:"1.4em","& .cm-gutterElement":{padding:".2em"}},
".cm-lint-marker":{width:"1em",height:"1em"},".cm-lint-marker-info":{content:Qs('<path fill="#aaf" stroke="#77e" stroke-width="6" stroke-linejoin="round" d="M5 \
5L35 5L35 35L5 35Z"/>')},".cm-lint-marker-warning":{content:Qs('<path fill="#fe8" stroke="#fd7" stroke-width="6" stroke-linejoin="round" d="M20 6L37 35L3 35Z"/>')},
".cm-lint-marker-error":{content:Qs('<circle cx="20" cy="20" r="15" fill="#f87" stroke="#f43" stroke-width="6"/>')}}),Qu=Ac(pb,{hideOn:Du}),qu=[Pe,P.decorations.
compute([Pe],n=>{let{selected:e,panel:t}=n.field(Pe);return!e||!t||e.from==e.to?D.none:D.set([db.range(e.from,e.to)])}),Qu,yb],Gs=C.define({combine(n){return de(
n,{hoverTime:300,markerFilter:null,tooltipFilter:null})}});function Xu(n={}){return[Gs.of(n),$l,Sb,Ob,zu]}var $u=typeof String.prototype.normalize=="function"?n=>n.normalize("NFKD"):n=>n,Pt=class{constructor(e,t,i=0,s=e.length,r,o){this.test=o,this.value={from:0,to:0,
precise:!1},this.done=!1,this.matches=[],this.buffer="",this.bufferPos=0,this.iter=e.iterRange(i,s),this.bufferStart=i,this.normalize=r?l=>r($u(l)):$u,this.query=
this.normalize(t)}peek(){if(this.bufferPos==this.buffer.length){if(this.bufferStart+=this.buffer.length,this.iter.next(),this.iter.done)return-1;this.bufferPos=
0,this.buffer=this.iter.value}return Hi(this.buffer,this.bufferPos)}next(){for(;this.matches.length;)this.matches.pop();return this.nextOverlapping()}nextOverlapping(){
for(;;){let e=this.peek();if(e<0)return this.done=!0,this;let t=wa(e),i=this.bufferStart+this.bufferPos;this.bufferPos+=In(e);let s=this.normalize(t);if(s.length)
for(let r=0,o=i,l=!0;;r++){let a=s.charCodeAt(r),h=this.match(a,o,l,this.bufferPos+this.bufferStart,r==s.length-1);if(h)return this.value=h,this;if(r==s.length-
1)break;l&&r<t.length&&t.charCodeAt(r)==a?o++:l=!1}}}match(e,t,i,s,r){let o=null;for(let l=0;l<this.matches.length;){let a=this.matches[l],h=!1;this.query.charCodeAt(
a.index)==e&&(a.index==this.query.length-1?o={from:a.from,to:s,precise:r&&a.precise}:(a.index++,h=!0)),h?l++:this.matches.splice(l,1)}return this.query.charCodeAt(
0)==e&&(this.query.length==1?o={from:t,to:s,precise:i&&r}:this.matches.push({from:t,index:1,precise:i})),o&&this.test&&!this.test(o.from,o.to,this.buffer,this.bufferStart)&&
(o=null),o}};typeof Symbol<"u"&&(Pt.prototype[Symbol.iterator]=function(){return this});var Ku={from:-1,to:-1,match:/.*/.exec(""),precise:!0},ea="gm"+(/x/.unicode==
null?"":"u"),js=class{constructor(e,t,i,s=0,r=e.length){if(this.text=e,this.to=r,this.curLine="",this.done=!1,this.value=Ku,/\\[sWDnr]|\n|\r|\[\^/.test(t))return new Zs(
e,t,i,s,r);this.re=new RegExp(t,ea+(i?.ignoreCase?"i":"")),this.test=i?.test,this.iter=e.iter();let o=e.lineAt(s);this.curLineStart=o.from,this.matchPos=Js(e,s),
this.getLine(this.curLineStart)}getLine(e){this.iter.next(e),this.iter.lineBreak?this.curLine="":(this.curLine=this.iter.value,this.curLineStart+this.curLine.length>
this.to&&(this.curLine=this.curLine.slice(0,this.to-this.curLineStart)),this.iter.next())}nextLine(){this.curLineStart=this.curLineStart+this.curLine.length+1,this.
curLineStart>this.to?this.curLine="":this.getLine(0)}next(){for(let e=this.matchPos-this.curLineStart;;){this.re.lastIndex=e;let t=this.matchPos<=this.to&&this.
re.exec(this.curLine);if(t){let i=this.curLineStart+t.index,s=i+t[0].length;if(this.matchPos=Js(this.text,s+(i==s?1:0)),i==this.curLineStart+this.curLine.length&&
this.nextLine(),(i<s||i>this.value.to)&&(!this.test||this.test(i,s,t)))return this.value={from:i,to:s,precise:!0,match:t},this;e=this.matchPos-this.curLineStart}else if(this.
curLineStart+this.curLine.length<this.to)this.nextLine(),e=0;else return this.done=!0,this}}},Kl=new WeakMap,_s=class n{constructor(e,t){this.from=e,this.text=t}get to(){
return this.from+this.text.length}static get(e,t,i){let s=Kl.get(e);if(!s||s.from>=i||s.to<=t){let l=new n(t,e.sliceString(t,i));return Kl.set(e,l),l}if(s.from==
t&&s.to==i)return s;let{text:r,from:o}=s;return o>t&&(r=e.sliceString(t,o)+r,o=t),s.to<i&&(r+=e.sliceString(s.to,i)),Kl.set(e,new n(o,r)),new n(t,r.slice(t-o,i-
o))}},Zs=class{constructor(e,t,i,s,r){this.text=e,this.to=r,this.done=!1,this.value=Ku,this.matchPos=Js(e,s),this.re=new RegExp(t,ea+(i?.ignoreCase?"i":"")),this.
test=i?.test,this.flat=_s.get(e,s,this.chunkEnd(s+5e3))}chunkEnd(e){return e>=this.to?this.to:this.text.lineAt(e).to}next(){for(;;){let e=this.re.lastIndex=this.
matchPos-this.flat.from,t=this.re.exec(this.flat.text);if(t&&!t[0]&&t.index==e&&(this.re.lastIndex=e+1,t=this.re.exec(this.flat.text)),t){let i=this.flat.from+t.
index,s=i+t[0].length;if((this.flat.to>=this.to||t.index+t[0].length<=this.flat.text.length-10)&&(!this.test||this.test(i,s,t)))return this.value={from:i,to:s,precise:!0,
match:t},this.matchPos=Js(this.text,s+(i==s?1:0)),this}if(this.flat.to==this.to)return this.done=!0,this;this.flat=_s.get(this.text,this.flat.from,this.chunkEnd(
this.flat.from+this.flat.text.length*2))}}};typeof Symbol<"u"&&(js.prototype[Symbol.iterator]=Zs.prototype[Symbol.iterator]=function(){return this});function Cb(n){
try{return new RegExp(n,ea),!0}catch{return!1}}function Js(n,e){if(e>=n.length)return e;let t=n.lineAt(e),i;for(;e<t.to&&(i=t.text.charCodeAt(e-t.from))>=56320&&
i<57344;)e++;return e}var Ab=n=>{let e=Dc(n,"cm-goto-line");if(e){let o=e.dom.querySelector("input[type=text]");return o&&o.select(),!0}let{state:t}=n,i=String(
t.doc.lineAt(n.state.selection.main.head).number),{close:s,result:r}=Tc(n,{class:"cm-goto-line",label:t.phrase("Go to line"),input:{type:"text",name:"line",value:i},
focus:!0,submitLabel:t.phrase("go")});return r.then(o=>{let l=o&&/^([+-])?(\d+)?(:\d+)?(%)?$/.exec(o.elements.line.value);if(!l){n.dispatch({effects:s});return}
let a=t.doc.lineAt(t.selection.main.head),[,h,c,f,u]=l,d=f?+f.slice(1):0,p=c?+c:a.number;if(c&&u){let b=p/100;h&&(b=b*(h=="-"?-1:1)+a.number/t.doc.lines),p=Math.
round(t.doc.lines*b)}else c&&h&&(p=p*(h=="-"?-1:1)+a.number);let m=t.doc.line(Math.max(1,Math.min(t.doc.lines,p))),g=k.cursor(m.from+Math.max(0,Math.min(d,m.length)));
n.dispatch({effects:[s,P.scrollIntoView(g.from,{y:"center"})],selection:g})}),!0},Mb={highlightWordAroundCursor:!1,minSelectionLength:1,maxMatches:100,wholeWords:!1},
Yu=C.define({combine(n){return de(n,Mb,{highlightWordAroundCursor:(e,t)=>e||t,minSelectionLength:Math.min,maxMatches:Math.min})}});function ju(n){let e=[Bb,Rb];
return n&&e.push(Yu.of(n)),e}var Pb=D.mark({class:"cm-selectionMatch"}),Tb=D.mark({class:"cm-selectionMatch cm-selectionMatch-main"});function Uu(n,e,t,i){return(t==
0||n(e.sliceDoc(t-1,t))!=K.Word)&&(i==e.doc.length||n(e.sliceDoc(i,i+1))!=K.Word)}function Db(n,e,t,i){return n(e.sliceDoc(t,t+1))==K.Word&&n(e.sliceDoc(i-1,i))==
K.Word}var Rb=Z.fromClass(class{constructor(n){this.decorations=this.getDeco(n)}update(n){(n.selectionSet||n.docChanged||n.viewportChanged)&&(this.decorations=this.
getDeco(n.view))}getDeco(n){let e=n.state.facet(Yu),{state:t}=n,i=t.selection;if(i.ranges.length>1)return D.none;let s=i.main,r,o=null;if(s.empty){if(!e.highlightWordAroundCursor)
return D.none;let a=t.wordAt(s.head);if(!a)return D.none;o=t.charCategorizer(s.head),r=t.sliceDoc(a.from,a.to)}else{let a=s.to-s.from;if(a<e.minSelectionLength||
a>200)return D.none;if(e.wholeWords){if(r=t.sliceDoc(s.from,s.to),o=t.charCategorizer(s.head),!(Uu(o,t,s.from,s.to)&&Db(o,t,s.from,s.to)))return D.none}else if(r=
t.sliceDoc(s.from,s.to),!r)return D.none}let l=[];for(let a of n.visibleRanges){let h=new Pt(t.doc,r,a.from,a.to);for(;!h.next().done;){let{from:c,to:f}=h.value;
if((!o||Uu(o,t,c,f))&&(s.empty&&c<=s.from&&f>=s.to?l.push(Tb.range(c,f)):(c>=s.to||f<=s.from)&&l.push(Pb.range(c,f)),l.length>e.maxMatches))return D.none}}return D.
set(l)}},{decorations:n=>n.decorations}),Bb=P.baseTheme({".cm-selectionMatch":{backgroundColor:"#99ff7780"},".cm-searchMatch .cm-selectionMatch":{backgroundColor:"\
transparent"}}),Eb=({state:n,dispatch:e})=>{let{selection:t}=n,i=k.create(t.ranges.map(s=>n.wordAt(s.head)||k.cursor(s.head)),t.mainIndex);return i.eq(t)?!1:(e(
n.update({selection:i})),!0)};function Lb(n,e){let{main:t,ranges:i}=n.selection,s=n.wordAt(t.head),r=s&&s.from==t.from&&s.to==t.to;for(let o=!1,l=new Pt(n.doc,e,
i[i.length-1].to);;)if(l.next(),l.done){if(o)return null;l=new Pt(n.doc,e,0,Math.max(0,i[i.length-1].from-1)),o=!0}else{if(o&&i.some(a=>a.from==l.value.from))continue;
if(r){let a=n.wordAt(l.value.from);if(!a||a.from!=l.value.from||a.to!=l.value.to)continue}return l.value}}var Ib=({state:n,dispatch:e})=>{let{ranges:t}=n.selection;
if(t.some(r=>r.from===r.to))return Eb({state:n,dispatch:e});let i=n.sliceDoc(t[0].from,t[0].to);if(n.selection.ranges.some(r=>n.sliceDoc(r.from,r.to)!=i))return!1;
let s=Lb(n,i);return s?(e(n.update({selection:n.selection.addRange(k.range(s.from,s.to),!1),effects:P.scrollIntoView(s.to)})),!0):!1},jt=C.define({combine(n){return de(
n,{top:!1,caseSensitive:!1,literal:!1,regexp:!1,wholeWord:!1,createPanel:e=>new Zl(e),scrollToMatch:e=>P.scrollIntoView(e)})}});function _u(n){return n?[jt.of(n),
Jl]:Jl}var er=class{constructor(e){this.search=e.search,this.caseSensitive=!!e.caseSensitive,this.literal=!!e.literal,this.regexp=!!e.regexp,this.replace=e.replace||
"",this.valid=!!this.search&&(!this.regexp||Cb(this.search)),this.unquoted=this.unquote(this.search),this.wholeWord=!!e.wholeWord,this.test=e.test}unquote(e){return this.
literal?e:e.replace(/\\([nrt\\])/g,(t,i)=>i=="n"?`
`:i=="r"?"\r":i=="t"?"	":"\\")}eq(e){return this.search==e.search&&this.replace==e.replace&&this.caseSensitive==e.caseSensitive&&this.regexp==e.regexp&&this.wholeWord==
e.wholeWord&&this.test==e.test}create(){return this.regexp?new jl(this):new Yl(this)}getCursor(e,t=0,i){let s=e.doc?e:z.create({doc:e});return i==null&&(i=s.doc.
length),this.regexp?Bi(this,s,t,i):Ri(this,s,t,i)}},tr=class{constructor(e){this.spec=e}};function Nb(n,e,t){return(i,s,r,o)=>{if(t&&!t(i,s,r,o))return!1;let l=i>=
o&&s<=o+r.length?r.slice(i-o,s-o):e.doc.sliceString(i,s);return n(l,e,i,s)}}function Ri(n,e,t,i){let s;return n.wholeWord&&(s=Wb(e.doc,e.charCategorizer(e.selection.
main.head))),n.test&&(s=Nb(n.test,e,s)),new Pt(e.doc,n.unquoted,t,i,n.caseSensitive?void 0:r=>r.toLowerCase(),s)}function Wb(n,e){return(t,i,s,r)=>((r>t||r+s.length<
i)&&(r=Math.max(0,t-2),s=n.sliceString(r,Math.min(n.length,i+2))),(e(ir(s,t-r))!=K.Word||e(nr(s,t-r))!=K.Word)&&(e(nr(s,i-r))!=K.Word||e(ir(s,i-r))!=K.Word))}var Yl=class extends tr{constructor(e){
super(e)}nextMatch(e,t,i){let s=Ri(this.spec,e,i,e.doc.length).nextOverlapping();if(s.done){let r=Math.min(e.doc.length,t+this.spec.unquoted.length);s=Ri(this.spec,
e,0,r).nextOverlapping()}return s.done||s.value.from==t&&s.value.to==i?null:s.value}prevMatchInRange(e,t,i){for(let s=i;;){let r=Math.max(t,s-1e4-this.spec.unquoted.
length),o=Ri(this.spec,e,r,s),l=null;for(;!o.nextOverlapping().done;)l=o.value;if(l)return l;if(r==t)return null;s-=1e4}}prevMatch(e,t,i){let s=this.prevMatchInRange(
e,0,t);return s||(s=this.prevMatchInRange(e,Math.max(0,i-this.spec.unquoted.length),e.doc.length)),s&&(s.from!=t||s.to!=i)?s:null}getReplacement(e){return this.
spec.unquote(this.spec.replace)}matchAll(e,t){let i=Ri(this.spec,e,0,e.doc.length),s=[];for(;!i.next().done;){if(s.length>=t)return null;s.push(i.value)}return s}highlight(e,t,i,s){
let r=Ri(this.spec,e,Math.max(0,t-this.spec.unquoted.length),Math.min(i+this.spec.unquoted.length,e.doc.length));for(;!r.next().done;)s(r.value.from,r.value.to)}};
function Fb(n,e,t){return(i,s,r)=>(!t||t(i,s,r))&&n(r[0],e,i,s)}function Bi(n,e,t,i){let s;return n.wholeWord&&(s=Hb(e.charCategorizer(e.selection.main.head))),
n.test&&(s=Fb(n.test,e,s)),new js(e.doc,n.search,{ignoreCase:!n.caseSensitive,test:s},t,i)}function ir(n,e){return n.slice(_(n,e,!1),e)}function nr(n,e){return n.
slice(e,_(n,e))}function Hb(n){return(e,t,i)=>!i[0].length||(n(ir(i.input,i.index))!=K.Word||n(nr(i.input,i.index))!=K.Word)&&(n(nr(i.input,i.index+i[0].length))!=
K.Word||n(ir(i.input,i.index+i[0].length))!=K.Word)}var jl=class extends tr{nextMatch(e,t,i){let s=Bi(this.spec,e,i,e.doc.length).next();return s.done&&(s=Bi(this.
spec,e,0,t).next()),s.done?null:s.value}prevMatchInRange(e,t,i){for(let s=1;;s++){let r=Math.max(t,i-s*1e4),o=Bi(this.spec,e,r,i),l=null;for(;!o.next().done;)l=
o.value;if(l&&(r==t||l.from>r+10))return l;if(r==t)return null}}prevMatch(e,t,i){return this.prevMatchInRange(e,0,t)||this.prevMatchInRange(e,i,e.doc.length)}getReplacement(e){
return this.spec.unquote(this.spec.replace).replace(/\$([$&]|\d+)/g,(t,i)=>{if(i=="&")return e.match[0];if(i=="$")return"$";for(let s=i.length;s>0;s--){let r=+i.
slice(0,s);if(r>0&&r<e.match.length)return e.match[r]+i.slice(s)}return t})}matchAll(e,t){let i=Bi(this.spec,e,0,e.doc.length),s=[];for(;!i.next().done;){if(s.length>=
t)return null;s.push(i.value)}return s}highlight(e,t,i,s){let r=Bi(this.spec,e,Math.max(0,t-250),Math.min(i+250,e.doc.length));for(;!r.next().done;)s(r.value.from,
r.value.to)}},vn=L.define(),ta=L.define(),Mt=ee.define({create(n){return new wn(_l(n).create(),null)},update(n,e){for(let t of e.effects)t.is(vn)?n=new wn(t.value.
create(),n.panel):t.is(ta)&&(n=new wn(n.query,t.value?ia:null));return n},provide:n=>Ht.from(n,e=>e.panel)});var wn=class{constructor(e,t){this.query=e,this.panel=t}},Vb=D.mark({class:"cm-searchMatch"}),zb=D.mark({class:"cm-searchMatch cm-searchMatch-selected"}),Qb=Z.fromClass(
class{constructor(n){this.view=n,this.decorations=this.highlight(n.state.field(Mt))}update(n){let e=n.state.field(Mt);(e!=n.startState.field(Mt)||n.docChanged||
n.selectionSet||n.viewportChanged)&&(this.decorations=this.highlight(e))}highlight({query:n,panel:e}){if(!e||!n.spec.valid)return D.none;let{view:t}=this,i=new ge;
for(let s=0,r=t.visibleRanges,o=r.length;s<o;s++){let{from:l,to:a}=r[s];for(;s<o-1&&a>r[s+1].from-500;)a=r[++s].to;n.highlight(t.state,l,a,(h,c)=>{let f=t.state.
selection.ranges.some(u=>u.from==h&&u.to==c);i.add(h,c,f?zb:Vb)})}return i.finish()}},{decorations:n=>n.decorations});function Sn(n){return e=>{let t=e.state.field(
Mt,!1);return t&&t.query.spec.valid?n(e,t):ed(e)}}var sr=Sn((n,{query:e})=>{let{to:t}=n.state.selection.main,i=e.nextMatch(n.state,t,t);if(!i)return!1;let s=k.single(
i.from,i.to),r=n.state.facet(jt);return n.dispatch({selection:s,effects:[na(n,i),r.scrollToMatch(s.main,n)],userEvent:"select.search"}),Ju(n),!0}),rr=Sn((n,{query:e})=>{
let{state:t}=n,{from:i}=t.selection.main,s=e.prevMatch(t,i,i);if(!s)return!1;let r=k.single(s.from,s.to),o=n.state.facet(jt);return n.dispatch({selection:r,effects:[
na(n,s),o.scrollToMatch(r.main,n)],userEvent:"select.search"}),Ju(n),!0}),qb=Sn((n,{query:e})=>{let t=e.matchAll(n.state,1e3);return!t||!t.length?!1:(n.dispatch(
{selection:k.create(t.map(i=>k.range(i.from,i.to))),userEvent:"select.search.matches"}),!0)}),Xb=({state:n,dispatch:e})=>{let t=n.selection;if(t.ranges.length>1||
t.main.empty)return!1;let{from:i,to:s}=t.main,r=[],o=0;for(let l=new Pt(n.doc,n.sliceDoc(i,s));!l.next().done;){if(r.length>1e3)return!1;l.value.from==i&&(o=r.length),
r.push(k.range(l.value.from,l.value.to))}return e(n.update({selection:k.create(r,o),userEvent:"select.search.matches"})),!0},Gu=Sn((n,{query:e})=>{let{state:t}=n,
{from:i,to:s}=t.selection.main;if(t.readOnly)return!1;let r=e.nextMatch(t,i,i);if(!r)return!1;let o=r,l=[],a,h,c=[];o.precise?o.from==i&&o.to==s&&(h=t.toText(e.
getReplacement(o)),l.push({from:o.from,to:o.to,insert:h}),o=e.nextMatch(t,o.from,o.to),c.push(P.announce.of(t.phrase("replaced match on line $",t.doc.lineAt(i).
number)+"."))):o=e.nextMatch(t,o.from,o.to);let f=n.state.changes(l);return o&&(a=k.single(o.from,o.to).map(f),c.push(na(n,o)),c.push(t.facet(jt).scrollToMatch(
a.main,n))),n.dispatch({changes:f,selection:a,effects:c,userEvent:"input.replace"}),!0}),$b=Sn((n,{query:e})=>{if(n.state.readOnly)return!1;let t=[];for(let s of e.
matchAll(n.state,1e9)){let{from:r,to:o,precise:l}=s;l&&t.push({from:r,to:o,insert:e.getReplacement(s)})}if(!t.length)return!1;let i=n.state.phrase("replaced $ m\
atches",t.length)+".";return n.dispatch({changes:t,effects:P.announce.of(i),userEvent:"input.replace.all"}),!0});function ia(n){return n.state.facet(jt).createPanel(
n)}function _l(n,e){var t,i,s,r,o;let l=n.selection.main,a=l.empty||l.to>l.from+100?"":n.sliceDoc(l.from,l.to);if(e&&!a)return e;let h=n.facet(jt);return new er(
{search:((t=e?.literal)!==null&&t!==void 0?t:h.literal)?a:a.replace(/\n/g,"\\n"),caseSensitive:(i=e?.caseSensitive)!==null&&i!==void 0?i:h.caseSensitive,literal:(s=
e?.literal)!==null&&s!==void 0?s:h.literal,regexp:(r=e?.regexp)!==null&&r!==void 0?r:h.regexp,wholeWord:(o=e?.wholeWord)!==null&&o!==void 0?o:h.wholeWord})}function Zu(n){
let e=xi(n,ia);return e&&e.dom.querySelector("[main-field]")}function Ju(n){let e=Zu(n);e&&e==n.root.activeElement&&e.select()}var ed=n=>{let e=n.state.field(Mt,
!1);if(e&&e.panel){let t=Zu(n);if(t&&t!=n.root.activeElement){let i=_l(n.state,e.query.spec);i.valid&&n.dispatch({effects:vn.of(i)}),t.focus(),t.select()}}else n.
dispatch({effects:[ta.of(!0),e?vn.of(_l(n.state,e.query.spec)):L.appendConfig.of(Jl)]});return!0},td=n=>{let e=n.state.field(Mt,!1);if(!e||!e.panel)return!1;let t=xi(
n,ia);return t&&t.dom.contains(n.root.activeElement)&&n.focus(),n.dispatch({effects:ta.of(!1)}),!0},id=[{key:"Mod-f",run:ed,scope:"editor search-panel"},{key:"F\
3",run:sr,shift:rr,scope:"editor search-panel",preventDefault:!0},{key:"Mod-g",run:sr,shift:rr,scope:"editor search-panel",preventDefault:!0},{key:"Escape",run:td,
scope:"editor search-panel"},{key:"Mod-Shift-l",run:Xb},{key:"Mod-Alt-g",run:Ab},{key:"Mod-d",run:Ib,preventDefault:!0}],Zl=class{constructor(e){this.view=e;let t=this.
query=e.state.field(Mt).query.spec;this.commit=this.commit.bind(this),this.searchField=H("input",{value:t.search,placeholder:Te(e,"Find"),"aria-label":Te(e,"Fin\
d"),class:"cm-textfield",name:"search",form:"","main-field":"true",onchange:this.commit,onkeyup:this.commit}),this.replaceField=H("input",{value:t.replace,placeholder:Te(
e,"Replace"),"aria-label":Te(e,"Replace"),class:"cm-textfield",name:"replace",form:"",onchange:this.commit,onkeyup:this.commit}),this.caseField=H("input",{type:"\
checkbox",name:"case",form:"",checked:t.caseSensitive,onchange:this.commit}),this.reField=H("input",{type:"checkbox",name:"re",form:"",checked:t.regexp,onchange:this.
commit}),this.wordField=H("input",{type:"checkbox",name:"word",form:"",checked:t.wholeWord,onchange:this.commit});function i(s,r,o){return H("button",{class:"cm\
-button",name:s,onclick:r,type:"button"},o)}this.dom=H("div",{onkeydown:s=>this.keydown(s),class:"cm-search"},[this.searchField,i("next",()=>sr(e),[Te(e,"next")]),
i("prev",()=>rr(e),[Te(e,"previous")]),i("select",()=>qb(e),[Te(e,"all")]),H("label",null,[this.caseField,Te(e,"match case")]),H("label",null,[this.reField,Te(e,
"regexp")]),H("label",null,[this.wordField,Te(e,"by word")]),...e.state.readOnly?[]:[H("br"),this.replaceField,i("replace",()=>Gu(e),[Te(e,"replace")]),i("repla\
ceAll",()=>$b(e),[Te(e,"replace all")])],H("button",{name:"close",onclick:()=>td(e),"aria-label":Te(e,"close"),type:"button"},["\xD7"])])}commit(){let e=new er(
{search:this.searchField.value,caseSensitive:this.caseField.checked,regexp:this.reField.checked,wholeWord:this.wordField.checked,replace:this.replaceField.value});
e.eq(this.query)||(this.query=e,this.view.dispatch({effects:vn.of(e)}))}keydown(e){mc(this.view,e,"search-panel")?e.preventDefault():e.keyCode==13&&e.target==this.
searchField?(e.preventDefault(),(e.shiftKey?rr:sr)(this.view)):e.keyCode==13&&e.target==this.replaceField&&(e.preventDefault(),Gu(this.view))}update(e){for(let t of e.
transactions)for(let i of t.effects)i.is(vn)&&!i.value.eq(this.query)&&this.setQuery(i.value)}setQuery(e){this.query=e,this.searchField.value=e.search,this.replaceField.
value=e.replace,this.caseField.checked=e.caseSensitive,this.reField.checked=e.regexp,this.wordField.checked=e.wholeWord}mount(){this.searchField.select()}get pos(){
return 80}get top(){return this.view.state.facet(jt).top}};function Te(n,e){return n.state.phrase(e)}var Ks=30,Ys=/[\s\.,:;?!]/;function na(n,{from:e,to:t}){let i=n.
state.doc.lineAt(e),s=n.state.doc.lineAt(t).to,r=Math.max(i.from,e-Ks),o=Math.min(s,t+Ks),l=n.state.sliceDoc(r,o);if(r!=i.from){for(let a=0;a<Ks;a++)if(!Ys.test(
l[a+1])&&Ys.test(l[a])){l=l.slice(a);break}}if(o!=s){for(let a=l.length-1;a>l.length-Ks;a--)if(!Ys.test(l[a-1])&&Ys.test(l[a])){l=l.slice(0,a);break}}return P.announce.
of(`${n.state.phrase("current match")}. ${l} ${n.state.phrase("on line")} ${i.number}.`)}var Ub=P.baseTheme({".cm-panel.cm-search":{padding:"2px 6px 4px",position:"\
relative","& [name=close]":{position:"absolute",top:"0",right:"4px",backgroundColor:"inherit",border:"none",font:"inherit",padding:0,margin:0},"& input, & butto\
n, & label":{margin:".2em .6em .2em 0"},"& input[type=checkbox]":{marginRight:".2em"},"& label":{fontSize:"80%",whiteSpace:"pre"}},"&light .cm-searchMatch":{backgroundColor:"\
#ffff0054"},"&dark .cm-searchMatch":{backgroundColor:"#00ffff8a"},"&light .cm-searchMatch-selected":{backgroundColor:"#ff6a0054"},"&dark .cm-searchMatch-selecte\
d":{backgroundColor:"#ff00ff8a"}}),Jl=[Mt,pt.low(Qb),Ub];function Gb(n,e){let t=Math.min(n.length,e.length),i=0;for(;i<t&&n[i]===e[i];)i+=1;return i}function nd(n,e){let t=Gb(n,e),i=Math.min(n.length,e.length)-t,s=0;for(;s<
i&&n[n.length-1-s]===e[e.length-1-s];)s+=1;return{from:t,to:n.length-s,insert:e.slice(t,e.length-s)}}var or="";function Kb(){for(let n of document.querySelectorAll(
"[data-set-editor]")){let t=document.getElementById(n.dataset.setEditor??"")?.stepwellEditor,i=n.value;n.remove(),or=i,t?.setText(i)}}function Yb(n){let{ctx:e}=n.
detail,t=e?.request?.body,i=document.querySelector("textarea#text");!i||!(t instanceof URLSearchParams)||!t.has("text")||(e.sourceElement.id==="builder"&&or===i.
value&&n.preventDefault(),t.set("text",i.value),e.sourceElement.closest("#builder")&&(or=i.value))}function sa(){or=""}function sd(){document.addEventListener("\
htmx:before:request",Yb),document.addEventListener("htmx:response:error",sa),document.addEventListener("htmx:error",sa),document.addEventListener("stepwell:sess\
ion",sa),document.addEventListener("htmx:after:swap",Kb)}function we(n,e={},...t){let i=document.createElement(n);for(let[s,r]of Object.entries(e))i.setAttribute(s,r);return i.append(...t),i}function rd(n,e,t="button"){
let i=we("button",{type:"button",class:t},n);return i.addEventListener("click",e),i}var ra="stepwell-draft:";function jb(n){try{let e=JSON.parse(sessionStorage.getItem(ra+n)??"null");return typeof e?.text=="string"&&typeof e?.base=="string"?e:null}catch{
return null}}function lr(n,e){try{e&&e.text!==e.base?sessionStorage.setItem(ra+n,JSON.stringify(e)):sessionStorage.removeItem(ra+n)}catch{}}function _b(n,e){return!n||
n.text===e?"forget":n.base===e?"show":"offer"}var Zb=n=>/\/(editor\/(save|try)|dead-letters\/[^/]+\/redrive)$/.test(n);function od(n,e,t,i){let s=we("div",{class:"\
alert","data-kind":"info",role:"status"},we("p",{},e)),r=()=>{s.remove(),i()};s.append(rd(t,r,"button plain small")),n.before(s)}function ld(n,e){let t=n.dataset.
draft;if(!t)return;let i=jb(t),s=Zb(location.pathname),r=s&&i?i.base:e.getText(),o=_b(i,r),l=n.form??n;s?lr(t,{base:r,text:e.getText()}):o==="forget"||!i?lr(t,null):
o==="show"?(e.setText(i.text),od(l,"This is the text that you wrote before. It is not stored.","Discard it",()=>e.setText(r))):od(l,"You wrote another text befo\
re, from another version. It is not stored.","Show it",()=>e.setText(i.text)),n.addEventListener("input",()=>lr(t,{base:r,text:e.getText()})),n.form?.addEventListener(
"submit",({submitter:a})=>{a?.hasAttribute("formaction")||lr(t,{base:r,text:e.getText(),sent:!0})})}var ad=(n,e)=>({[`border-${n}`]:`3px solid var(--${e})`}),Jb=P.theme({"&":{color:"var(--text)",backgroundColor:"var(--surface)",fontSize:"var(--size-code)",height:"\
100%"},"&.cm-focused":{outline:"none"},".cm-scroller":{fontFamily:"var(--mono)",lineHeight:"1.5",overflow:"auto"},".cm-content":{caretColor:"var(--text)"},".cm-\
cursor, .cm-dropCursor":{borderLeftColor:"var(--text)",borderLeftWidth:"2px"},".cm-selectionBackground, &.cm-focused > .cm-scroller > .cm-selectionLayer .cm-sel\
ectionBackground":{background:"var(--selection)"},".cm-gutters":{color:"var(--muted)",backgroundColor:"var(--sunken)",borderRight:"1px solid var(--line)"},".cm-\
activeLine, .cm-activeLineGutter":{backgroundColor:"var(--hover)"},".cm-selectionMatch":{backgroundColor:"var(--found)"},".cm-searchMatch":{backgroundColor:"var\
(--found)",outline:"1px solid var(--control)"},".cm-searchMatch-selected":{backgroundColor:"var(--found)",outline:"2px solid var(--focus)"},"&.cm-focused .cm-ma\
tchingBracket":{backgroundColor:"var(--selection)"},".cm-panels":{color:"var(--text)",backgroundColor:"var(--sunken)"},".cm-panels-top":{borderBottom:"1px solid\
 var(--line)"},".cm-panel.cm-search":{padding:"8px 32px 8px 8px",fontSize:"var(--size-small)"},".cm-panel.cm-search label":{fontSize:"inherit"},".cm-panel.cm-se\
arch [name=close]":{color:"var(--text)",fontSize:"20px",width:"28px",height:"28px"},".cm-textfield":{color:"var(--text)",backgroundColor:"var(--surface)",border:"\
1px solid var(--control)",fontSize:"inherit"},".cm-button":{color:"var(--text)",backgroundColor:"var(--surface)",backgroundImage:"none",border:"1px solid var(--\
control)",borderRadius:"var(--radius)",fontSize:"inherit"},".cm-textfield:focus-visible, .cm-button:focus-visible, [name=close]:focus-visible":{outline:"2px sol\
id var(--focus)"},".cm-tooltip":{color:"var(--text)",backgroundColor:"var(--surface)",border:"1px solid var(--control)",borderRadius:"var(--radius)"},".cm-hidde\
n":{color:"var(--failed)",backgroundColor:"var(--failed-soft)",border:"1px solid var(--failed)",borderRadius:"3px",padding:"0 2px",unicodeBidi:"isolate",direction:"\
ltr"},".cm-diagnosticText":{whiteSpace:"pre-wrap"},".cm-diagnostic-error":ad("left","failed"),".cm-diagnostic-warning":ad("left","parked"),".cm-panel.cm-panel-l\
int ul [aria-selected]":{backgroundColor:"var(--selection)",color:"var(--text)"},".cm-panel.cm-panel-lint ul:focus [aria-selected]":{backgroundColor:"var(--sele\
ction)",color:"var(--text)"},".cm-lintRange":{backgroundImage:"none !important"},".cm-lintRange-error":{textDecoration:"underline wavy var(--failed)",textUnderlineOffset:"\
3px"},".cm-lintRange-warning":{textDecoration:"underline wavy var(--parked)",textUnderlineOffset:"3px"},".cm-lint-marker":{content:"normal !important",width:"12\
px",height:"12px",margin:"3px 1px 0"},".cm-lint-marker-error":{backgroundColor:"var(--failed)",borderRadius:"50%"},".cm-lint-marker-warning":{backgroundColor:"v\
ar(--parked)",clipPath:"polygon(50% 0, 100% 100%, 0 100%)"}}),ey=Si.define([{tag:[y.definition(y.propertyName),y.propertyName],color:"var(--syntax-key)"},{tag:[
y.content],color:"var(--text)"},{tag:[y.string,y.attributeValue],color:"var(--syntax-string)"},{tag:[y.comment,y.lineComment],color:"var(--muted)",fontStyle:"it\
alic"},{tag:[y.keyword,y.typeName,y.labelName,y.meta],color:"var(--syntax-other)"},{tag:[y.separator,y.punctuation,y.squareBracket,y.brace],color:"var(--muted)"}]),
hd=[Jb,pf(ey)];var cd=/[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]/gu;function fd(n){
return n<32?String.fromCharCode(9216+n):n===127?"\u2421":`U+${n.toString(16).toUpperCase().padStart(4,"0")}`}var ud=P.domEventHandlers({beforeinput(n,e){let{inputType:t,data:i,isComposing:s}=n;if(t.startsWith("format"))return!0;let{selection:r,readOnly:o}=e.state;if(s||
e.composing||o||r.ranges.every(c=>c.empty))return!1;let l=t.startsWith("delete")&&t!=="deleteCompositionText";if(!l&&!(t==="insertText"&&i))return!1;let a=e.state.
toText(l?"":i??""),h=l?"delete.selection":"input.type";return e.dispatch(e.state.replaceSelection(a),{userEvent:h,scrollIntoView:!0}),!0}});var ty="/ui/session",oa="session-notice";function iy(){return document.querySelector('meta[name="csrf-token"]')?.getAttribute("content")??""}function ny(n){document.
querySelector('meta[name="csrf-token"]')?.setAttribute("content",n),document.querySelectorAll('input[type="hidden"][name="csrf"]').forEach(t=>t.value=n)}function dd(...n){
let e=we("p",{},...n),t=document.getElementById(oa);if(t?.textContent===e.textContent)return;t?.remove();let i=we("div",{id:oa,class:"alert notice","data-kind":"\
warning",role:"alert"},e);(document.querySelector("main")??document.body).prepend(i)}function sy(){let n=we("a",{href:"/ui/login",target:"_blank",rel:"noopener"},
"Log in in a new tab");dd(we("strong",{},"Your session has ended.")," ",n,", and continue here. This page keeps what you have written.")}function ry(){let n=document.
getElementById(oa);n&&(n.remove(),document.dispatchEvent(new Event("stepwell:session")))}async function oy(){try{let e=await fetch(ty,{mode:"same-origin",cache:"\
no-store",headers:{accept:"application/json","hx-request":"true"}});if(e.status===401)return sy(),!1;if(!e.ok)throw new Error(`the server answered ${e.status}`);
let{csrf:t}=await e.json();return ny(t),ry(),!0}catch{return dd(we("strong",{},"The server does not answer.")," This page keeps what you have written. Try again\
."),!1}}async function pd(n,e){let t=()=>fetch(n,{...e,mode:"same-origin",headers:{...e.headers,"x-csrf-token":iy()}}),i=await t();return(i.status===401||i.status===
403)&&await oy()?t():i}var ly=200,ay=1e4,md=n=>n<ly?0:Math.min(3*n,ay);async function gd(n,e,t){let s=await pd(n,{method:"POST",headers:{"content-type":"application/yaml",accept:"appl\
ication/json"},body:e,signal:t});if(!s.ok)throw new Error(`the server answered ${s.status}`);let{diagnostics:r}=await s.json();return Array.isArray(r)?r:[]}function hy(n,e){
return[...n].slice(0,Math.max(0,e-1)).join("").length}function bd(n,e){return e.map(({line:t,column:i,severity:s,message:r,fix:o})=>{let l=n.line(Math.min(Math.
max(1,t),n.lines)),a=Math.min(hy(l.text,i),l.text.length),h=l.text.slice(a).match(/^[\w.${}-]+/)?.[0].length??l.text.length-a,c=l.from+(a===l.text.length?l.text.
search(/\S|$/):a),f=a===l.text.length?l.to:l.from+a+h,u=s==="warning"?"warning":"error",d=o?`${r}
Fix: ${o}`:r;return{from:c,to:f,severity:u,message:d}})}var yd="Press Escape, then Tab to leave the editor. Ctrl+F searches; F8 goes to the next problem.";function cy(n){let e,t=0;return async i=>{e?.abort();let s=e=
new AbortController,{doc:r}=i.state;if(await new Promise(a=>setTimeout(a,md(t))),s.signal.aborted||!i.state.doc.eq(r))return[];let o=performance.now(),l=(a,h)=>n.
dispatchEvent(new CustomEvent(a,{bubbles:!0,detail:h}));try{let a=await gd(n.dataset.validate??"",r.toString(),s.signal);return t=performance.now()-o,i.state.doc.
eq(r)?(l("stepwell:diagnostics",{diagnostics:a}),bd(r,a)):[]}catch(a){return s.signal.aborted||l("stepwell:validation-failed",{message:String(a)}),[]}}}function fy(n){
let e=`hidden character U+${n.toString(16).toUpperCase().padStart(4,"0")}`;return we("span",{class:"cm-hidden",title:e,role:"img","aria-label":e},fd(n))}function uy(n){
let e=n.labels?.[0]?.textContent?.trim()||n.getAttribute("aria-label")||"YAML";return[Lc(),uf(),Xu(),Df(),xc(),wc({specialChars:cd,render:fy}),vc(),Ic(),ju(),yf(),
ud,nf(),Oi.of("  "),_u({top:!0}),Mu(),hd,z.tabSize.of(2),z.allowMultipleSelections.of(!0),z.readOnly.of(n.readOnly||n.disabled),P.contentAttributes.of({tabindex:"\
0","aria-label":e,"aria-description":yd}),n.dataset.validate?Nu(cy(n),{delay:300}):[],Xo.of([...Lu,...id,...Lf,...hf,...au,hu]),P.updateListener.of(t=>{t.docChanged&&
(n.value=t.state.doc.toString(),n.dispatchEvent(new Event("input",{bubbles:!0})))})]}function dy(n,e){let t=i=>{!(i.target instanceof Element)||!i.target.closest(
".cm-dialog")||setTimeout(()=>n.activeElement??e.focus())};for(let i of["submit","keydown","click"])n.addEventListener(i,t)}function py(n){if(n.stepwellEditor)return;
let e=we("div",{class:"editor"}),t=e.attachShadow({mode:"open"});n.after(e,we("p",{class:"hint"},yd)),n.hidden=!0;let i=z.create({doc:n.value,extensions:uy(n)}),
s=new P({state:i,root:t,parent:t});dy(t,s),n.labels?.forEach(r=>r.addEventListener("click",()=>s.focus())),n.form?.addEventListener("reset",()=>setTimeout(()=>n.
stepwellEditor?.setText(n.value))),n.stepwellEditor={getText:()=>s.state.doc.toString(),setText:r=>s.dispatch({changes:nd(s.state.doc.toString(),r)})},ld(n,n.stepwellEditor),
document.addEventListener("stepwell:session",()=>{n.dataset.validate&&Wu(s),n.dispatchEvent(new Event("input",{bubbles:!0}))})}function xd(){document.querySelectorAll(
'textarea[data-editor="yaml"]').forEach(py)}xd();sd();document.addEventListener("htmx:after:process",xd);})();
